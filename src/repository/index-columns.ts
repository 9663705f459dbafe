/**
 * What an index file says, as the columns of `BlobIndex` rather than as text and objects: taken over
 * as they are, while 18,000 blobs of JSON take 40 ms.
 *
 *   magic (8 bytes) ‖ index id (32) ‖ 1 ‖ packs ‖ blobs        numbers of 32 bits, in this machine's order
 *   for each pack:  pack id (32) ‖ its blobs
 *   for all blobs:  ids (32 each) ‖ offsets ‖ lengths ‖ uncompressed lengths, or 0 ‖ types (1 each)
 *
 * A format of ours for the local cache alone: what another version or machine wrote is not read.
 */
import { asBuffer, equalBytes, fromHex, toHex } from '../base/bytes.ts';
import type { IndexedBlob, IndexedPack, IndexFile } from '../format/index-file.ts';
import { ID_BYTES } from './index-segment.ts';

export interface ColumnPack {
  readonly id: string;
  readonly blobCount: number;
}

/** Of the blobs of all packs, one after the other. */
export interface IndexColumns {
  readonly packs: readonly ColumnPack[];
  /** 32 bytes each. */
  readonly ids: Uint8Array;
  readonly offsets: Uint32Array;
  /** Of the sealed blobs. */
  readonly lengths: Uint32Array;
  /** 0: stored uncompressed. */
  readonly uncompressed: Uint32Array;
  readonly isTree: Uint8Array;
}

const MAGIC = Buffer.from('KSINDEX1', 'latin1');
const NUMBER_BYTES = 4;
const NAME_AT = MAGIC.length;
const NUMBERS_AT = NAME_AT + ID_BYTES;
const PACKS_AT = NUMBERS_AT + 3 * NUMBER_BYTES;
const PACK_BYTES = ID_BYTES + NUMBER_BYTES;
const BLOB_BYTES = ID_BYTES + 3 * NUMBER_BYTES + 1;
/** Elsewhere the bytes of this number stand in another order. */
const ONE = 1;

/** @param name of the index file */
export function encodeColumns(name: string, { packs }: IndexFile): Uint8Array {
  const blobCount = packs.reduce((sum, { blobs }) => sum + blobs.length, 0);
  const { bytes, numbers, columns } = layOut(packs.length, blobCount);
  bytes.set(MAGIC, 0);
  bytes.set(fromHex(name), NAME_AT);
  numbers.set([ONE, packs.length, blobCount]);
  let place = 0;
  for (const [number, pack] of packs.entries()) {
    const at = PACKS_AT + number * PACK_BYTES;
    bytes.set(fromHex(pack.id), at);
    new Uint32Array(bytes.buffer, at + ID_BYTES, 1)[0] = pack.blobs.length;
    place = writeBlobs(columns, place, pack);
  }
  return bytes;
}

/** `undefined` where they are not of this index file, or not as this program writes them. */
export function decodeColumns(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): IndexColumns | undefined {
  if (bytes.length < PACKS_AT || bytes.byteOffset !== 0) return undefined;
  if (!equalBytes(bytes.subarray(0, NAME_AT), MAGIC)) return undefined;
  if (toHex(bytes.subarray(NAME_AT, NUMBERS_AT)) !== name) return undefined;
  const [one, packCount = 0, blobCount = 0] = new Uint32Array(bytes.buffer, NUMBERS_AT, 3);
  if (one !== ONE || bytes.length !== sizeOf(packCount, blobCount)) return undefined;
  const packs: ColumnPack[] = [];
  for (let number = 0; number < packCount; number += 1) {
    const at = PACKS_AT + number * PACK_BYTES;
    const [count = 0] = new Uint32Array(bytes.buffer, at + ID_BYTES, 1);
    packs.push({ id: toHex(bytes.subarray(at, at + ID_BYTES)), blobCount: count });
  }
  if (packs.reduce((sum, pack) => sum + pack.blobCount, 0) !== blobCount) return undefined;
  return { packs, ...columnsIn(bytes.buffer, packCount, blobCount) };
}

/** Those from `first` up to `end`. */
export function blobsOf(columns: IndexColumns, first: number, end: number): IndexedBlob[] {
  const ids = asBuffer(columns.ids);
  return Array.from({ length: end - first }, (_, n) => {
    const place = first + n;
    const uncompressedLength = columns.uncompressed[place] ?? 0;
    return {
      id: ids.toString('hex', place * ID_BYTES, (place + 1) * ID_BYTES),
      type: columns.isTree[place] === 1 ? 'tree' : 'data',
      offset: columns.offsets[place] ?? 0,
      length: columns.lengths[place] ?? 0,
      ...(uncompressedLength === 0 ? {} : { uncompressedLength }),
    };
  });
}

function sizeOf(packCount: number, blobCount: number): number {
  return PACKS_AT + packCount * PACK_BYTES + blobCount * BLOB_BYTES;
}

type Columns = Omit<IndexColumns, 'packs'>;

function layOut(packCount: number, blobCount: number) {
  const bytes = new Uint8Array(sizeOf(packCount, blobCount));
  const numbers = new Uint32Array(bytes.buffer, NUMBERS_AT, 3);
  return { bytes, numbers, columns: columnsIn(bytes.buffer, packCount, blobCount) };
}

function columnsIn(memory: ArrayBuffer, packCount: number, blobCount: number): Columns {
  let at = PACKS_AT + packCount * PACK_BYTES;
  const ids = new Uint8Array(memory, at, blobCount * ID_BYTES);
  at += ids.length;
  const numbers = (): Uint32Array => {
    const column = new Uint32Array(memory, at, blobCount);
    at += column.byteLength;
    return column;
  };
  const [offsets, lengths, uncompressed] = [numbers(), numbers(), numbers()];
  return { ids, offsets, lengths, uncompressed, isTree: new Uint8Array(memory, at, blobCount) };
}

/** Returns the place after the last. */
function writeBlobs(columns: Columns, first: number, { blobs }: IndexedPack): number {
  const ids = asBuffer(columns.ids);
  let place = first;
  for (const { id, type, offset, length, uncompressedLength = 0 } of blobs) {
    ids.write(id, place * ID_BYTES, ID_BYTES, 'hex');
    columns.offsets[place] = offset;
    columns.lengths[place] = length;
    columns.uncompressed[place] = uncompressedLength;
    columns.isTree[place] = type === 'tree' ? 1 : 0;
    place += 1;
  }
  return place;
}
