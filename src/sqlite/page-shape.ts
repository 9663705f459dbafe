/**
 * Whether a page can be a page of a sound database, told from the page alone.
 *
 * B-tree page (on page 1 it begins at byte 100):
 *
 * | offset | size | field |
 * | --- | --- | --- |
 * | 0 | 1 | 2 interior index, 5 interior table, 10 leaf index, 13 leaf table |
 * | 1 | 2 | first free block, or 0 |
 * | 3 | 2 | number of cells |
 * | 5 | 2 | where the cells' content begins; 0 means 65536 |
 * | 7 | 1 | fragmented free bytes |
 * | 8 | 4 | right-most child, interior pages only |
 * | 8 or 12 | 2 each | where each cell begins; a cell of an interior page begins with its child |
 *
 * A page of an overflow chain or of the list of free pages begins with the number of another page,
 * or 0. Free pages keep what they held. Pages of the pointer map hold only entries of 5 bytes, the
 * first one a type from 1 to 5.
 *
 * Source: https://www.sqlite.org/fileformat2.html §1.5–1.8; btree.c `checkTreePage`,
 * `ptrmapPageno`. A page that has not this shape is a reason for a full check, no proof of damage: a
 * free page may name pages of a time when the database was larger.
 */
import { asBuffer } from '../base/bytes.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { decodeDatabaseHeader } from './database-file.ts';
import { lockPageOf } from './raw-pages.ts';

export interface DatabaseShape {
  readonly pageSize: number;
  readonly pageCount: number;
  readonly reservedBytesPerPage: number;
  readonly hasPointerMap: boolean;
}

const INTERIOR_INDEX = 2;
const INTERIOR_TABLE = 5;
const LEAF_INDEX = 10;
const LEAF_TABLE = 13;
const BTREE_TYPES = [INTERIOR_INDEX, INTERIOR_TABLE, LEAF_INDEX, LEAF_TABLE];
const FIRST_PAGE_BTREE_AT = 100;
const POINTER_MAP_ENTRY_BYTES = 5;
const LEAST_CELL_BYTES = 4;

/** @param header the first 100 bytes of the image */
export function shapeOf(header: Uint8Array, pageCount: number): DatabaseShape {
  const decoded = decodeDatabaseHeader(header);
  assertInternal(decoded !== undefined, 'the image of a database has no header');
  const { pageSize, reservedBytesPerPage, autoVacuum } = decoded;
  return { pageSize, pageCount, reservedBytesPerPage, hasPointerMap: autoVacuum !== 'none' };
}

/** @param piece whole pages, which begin at byte `at` of the image */
export function hasOddPage(piece: Uint8Array, at: number, shape: DatabaseShape): boolean {
  const { pageSize } = shape;
  for (let from = 0; from < piece.length; from += pageSize) {
    const page = asBuffer(piece.subarray(from, from + pageSize));
    if (!hasPageShape(page, (at + from) / pageSize + 1, shape)) return true;
  }
  return false;
}

function hasPageShape(page: Buffer, pageNumber: number, database: DatabaseShape): boolean {
  if (pageNumber === lockPageOf(database.pageSize)) return true;
  const at = pageNumber === 1 ? FIRST_PAGE_BTREE_AT : 0;
  const type = page.readUInt8(at);
  const isPointerMap = isPointerMapPage(pageNumber, database);
  if (isPointerMap) return type <= POINTER_MAP_ENTRY_BYTES;
  if (BTREE_TYPES.includes(type) && hasBtreeShape(page, at, database)) return true;
  return pageNumber !== 1 && page.readUInt32BE(0) <= database.pageCount;
}

function hasBtreeShape(
  page: Buffer,
  at: number,
  { pageSize, pageCount, reservedBytesPerPage }: DatabaseShape,
): boolean {
  const type = page.readUInt8(at);
  const isInterior = type === INTERIOR_INDEX || type === INTERIOR_TABLE;
  const pointersAt = at + (isInterior ? 12 : 8);
  const cellCount = page.readUInt16BE(at + 3);
  const contentAt = page.readUInt16BE(at + 5) || 65_536;
  const firstFree = page.readUInt16BE(at + 1);
  const usable = pageSize - reservedBytesPerPage;
  if (contentAt > usable || contentAt < pointersAt + cellCount * 2) return false;
  if (firstFree !== 0 && (firstFree < contentAt || firstFree > usable - 4)) return false;
  const isChild = (child: number): boolean => child > 0 && child <= pageCount;
  if (isInterior && !isChild(page.readUInt32BE(at + 8))) return false;
  for (let index = 0; index < cellCount; index += 1) {
    const cellAt = page.readUInt16BE(pointersAt + index * 2);
    if (cellAt < contentAt || cellAt > usable - LEAST_CELL_BYTES) return false;
    if (isInterior && !isChild(page.readUInt32BE(cellAt))) return false;
  }
  return true;
}

/** Page 2, and from there on each one that follows the pages its forerunner has entries of. */
function isPointerMapPage(
  pageNumber: number,
  { pageSize, reservedBytesPerPage, hasPointerMap }: DatabaseShape,
): boolean {
  if (!hasPointerMap || pageNumber < 2) return false;
  const stride = Math.floor((pageSize - reservedBytesPerPage) / POINTER_MAP_ENTRY_BYTES) + 1;
  const first = Math.floor((pageNumber - 2) / stride) * stride + 2;
  return pageNumber === (first === lockPageOf(pageSize) ? first + 1 : first);
}
