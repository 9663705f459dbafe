/**
 * The first 100 bytes of an SQLite database. All numbers are big-endian.
 *
 * | offset | size | field |
 * | --- | --- | --- |
 * | 0 | 16 | magic `SQLite format 3\0` |
 * | 16 | 2 | page size, a power of two 512–32768, or 1 for 65536 |
 * | 18 | 1 | write version: 1 rollback journal, 2 WAL |
 * | 19 | 1 | read version: 1 rollback journal, 2 WAL |
 * | 20 | 1 | reserved bytes at the end of each page |
 * | 24 | 4 | file change counter (does not move with each commit in WAL mode) |
 * | 28 | 4 | pages in the file; valid if non-zero and 24–27 equal 92–95 |
 * | 40 | 4 | schema cookie |
 * | 52 | 4 | largest root page; non-zero means auto-vacuum |
 * | 56 | 4 | text encoding: 1 UTF-8, 2 UTF-16le, 3 UTF-16be |
 * | 60 | 4 | user version |
 * | 64 | 4 | incremental vacuum if non-zero |
 * | 68 | 4 | application id |
 * | 92 | 4 | change counter for which 28 and 96 are valid |
 * | 96 | 4 | SQLITE_VERSION_NUMBER of the last writer, e.g. 3051002 |
 *
 * Source: https://www.sqlite.org/fileformat2.html §1.3.
 */
import { asBuffer, equalBytes, utf8Encode } from '../base/bytes.ts';

export const SQLITE_MAGIC: Uint8Array = utf8Encode('SQLite format 3\0');
export const DATABASE_HEADER_BYTES = 100;

const SIDECAR_ENDINGS = ['-wal', '-shm', '-journal'] as const;

export type TextEncoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be';
export type AutoVacuum = 'none' | 'full' | 'incremental';

export interface DatabaseHeader {
  readonly pageSize: number;
  /** As the header says; 0 or outdated in files that SQLite before 3.7 wrote. */
  readonly pageCount: number;
  /** False where SQLite goes by the size of the file instead. */
  readonly isPageCountValid: boolean;
  readonly walMode: boolean;
  readonly reservedBytesPerPage: number;
  readonly changeCounter: number;
  readonly schemaCookie: number;
  readonly autoVacuum: AutoVacuum;
  readonly encoding: TextEncoding;
  readonly userVersion: number;
  readonly applicationId: number;
  /** `SQLITE_VERSION_NUMBER` of the last writer; 0 if it was older than 3.7. */
  readonly versionNumber: number;
}

/** True when a file that begins with these bytes (16 suffice) is an SQLite database. */
export function sniffDatabase(firstBytes: Uint8Array): boolean {
  return equalBytes(firstBytes.subarray(0, SQLITE_MAGIC.length), SQLITE_MAGIC);
}

/** `undefined` when the bytes are not the header of a database. Needs 100 bytes. */
export function decodeDatabaseHeader(bytes: Uint8Array): DatabaseHeader | undefined {
  if (bytes.length < DATABASE_HEADER_BYTES || !sniffDatabase(bytes)) return undefined;
  const view = asBuffer(bytes);
  const pageSize = decodePageSize(view.readUInt16BE(16));
  if (pageSize === undefined) return undefined;
  return {
    pageSize,
    pageCount: view.readUInt32BE(28),
    isPageCountValid: view.readUInt32BE(28) > 0 && view.readUInt32BE(24) === view.readUInt32BE(92),
    walMode: view.readUInt8(19) === 2,
    reservedBytesPerPage: view.readUInt8(20),
    changeCounter: view.readUInt32BE(24),
    schemaCookie: view.readUInt32BE(40),
    autoVacuum: decodeAutoVacuum(view.readUInt32BE(52), view.readUInt32BE(64)),
    encoding: decodeEncoding(view.readUInt32BE(56)),
    userVersion: view.readInt32BE(60),
    applicationId: view.readInt32BE(68),
    versionNumber: view.readUInt32BE(96),
  };
}

/** `3.51.2` for 3051002. */
export function formatSqliteVersion(versionNumber: number): string {
  const major = Math.floor(versionNumber / 1_000_000);
  const minor = Math.floor(versionNumber / 1000) % 1000;
  return `${major}.${minor}.${versionNumber % 1000}`;
}

/** True for a name that SQLite gives to a file beside a database. */
export function isSidecarName(name: string): boolean {
  return SIDECAR_ENDINGS.some((ending) => name.length > ending.length && name.endsWith(ending));
}

/** The paths SQLite may use beside the database at `path`. */
export function sidecarsOf(path: string): string[] {
  return SIDECAR_ENDINGS.map((ending) => path + ending);
}

function decodePageSize(field: number): number | undefined {
  const size = field === 1 ? 65_536 : field;
  const isPowerOfTwo = (size & (size - 1)) === 0;
  return size >= 512 && isPowerOfTwo ? size : undefined;
}

function decodeAutoVacuum(largestRootPage: number, incremental: number): AutoVacuum {
  if (largestRootPage === 0) return 'none';
  return incremental === 0 ? 'full' : 'incremental';
}

function decodeEncoding(field: number): TextEncoding {
  if (field === 2) return 'UTF-16le';
  return field === 3 ? 'UTF-16be' : 'UTF-8';
}
