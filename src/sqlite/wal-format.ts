/**
 * The header of a write-ahead log and of its frames. All numbers are big-endian.
 *
 * | offset | size | field of the header (32 bytes) |
 * | --- | --- | --- |
 * | 0 | 4 | magic 0x377f0682, or 0x377f0683 if checksums read the bytes as big-endian words |
 * | 4 | 4 | version 3007000 |
 * | 8 | 4 | page size |
 * | 12 | 4 | sequence, one more with each checkpoint that starts the log anew |
 * | 16 | 4 | salt 1, one more each time the log starts anew |
 * | 20 | 4 | salt 2, random each time |
 * | 24 | 8 | checksum of bytes 0–23 |
 *
 * | offset | size | field of a frame's header (24 bytes, a page follows) |
 * | --- | --- | --- |
 * | 0 | 4 | page number |
 * | 4 | 4 | pages of the database after this commit; 0 in all frames but a commit's last |
 * | 8 | 8 | both salts of the header |
 * | 16 | 8 | checksum of the log's header, and bytes 0–7 and the page of each frame up to this one |
 *
 * Source: https://www.sqlite.org/fileformat2.html §4; wal.c walIndexRecover, walDecodeFrame,
 * walChecksumBytes.
 */
import { asBuffer } from '../base/bytes.ts';

export const WAL_HEADER_BYTES = 32;
export const WAL_FRAME_HEADER_BYTES = 24;

const MAGIC = 0x377f0682;
const VERSION = 3_007_000;
const HEADER_CHECKSUM_AT = 24;
const FRAME_CHECKED_BYTES = 8;
const LEAST_PAGE_BYTES = 512;
const LARGEST_PAGE_BYTES = 65_536;
const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Two sums of 32 bits that run on from frame to frame. */
export interface WalChecksum {
  readonly first: number;
  readonly second: number;
}

export interface WalHeader {
  readonly pageSize: number;
  readonly sequence: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly bigEndianChecksums: boolean;
  readonly checksum: WalChecksum;
}

export interface WalFrameHeader {
  readonly pageNumber: number;
  /** 0: no commit ends with this frame. */
  readonly pagesAfterCommit: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly checksum: WalChecksum;
}

/** `undefined` for what SQLite would take for an empty log: too short, or not sound. */
export function decodeWalHeader(bytes: Uint8Array): WalHeader | undefined {
  if (bytes.length < WAL_HEADER_BYTES) return undefined;
  const view = asBuffer(bytes);
  const magic = view.readUInt32BE(0);
  const pageSize = view.readUInt32BE(8);
  if ((magic & ~1) >>> 0 !== MAGIC || !isPageSize(pageSize)) return undefined;
  if (view.readUInt32BE(4) !== VERSION) return undefined;
  const bigEndianChecksums = (magic & 1) === 1;
  const checksum = readChecksum(view, HEADER_CHECKSUM_AT);
  const checked = bytes.subarray(0, HEADER_CHECKSUM_AT);
  const sum = addToChecksum({ first: 0, second: 0 }, checked, bigEndianChecksums);
  if (!isSameChecksum(sum, checksum)) return undefined;
  return {
    pageSize,
    sequence: view.readUInt32BE(12),
    salt1: view.readUInt32BE(16),
    salt2: view.readUInt32BE(20),
    bigEndianChecksums,
    checksum,
  };
}

/** Needs 24 bytes. */
export function decodeFrameHeader(bytes: Uint8Array): WalFrameHeader {
  const view = asBuffer(bytes);
  return {
    pageNumber: view.readUInt32BE(0),
    pagesAfterCommit: view.readUInt32BE(4),
    salt1: view.readUInt32BE(8),
    salt2: view.readUInt32BE(12),
    checksum: readChecksum(view, 16),
  };
}

/**
 * The header of the frame in `bytes` (header and page), if it goes on from `previous`, the checksum
 * of the frame before it or of the log's header; `undefined` where the log ends.
 */
export function verifyFrame(
  bytes: Uint8Array,
  header: WalHeader,
  previous: WalChecksum,
): WalFrameHeader | undefined {
  const frame = decodeFrameHeader(bytes);
  if (frame.salt1 !== header.salt1 || frame.salt2 !== header.salt2) return undefined;
  if (frame.pageNumber === 0) return undefined;
  const { bigEndianChecksums } = header;
  const page = bytes.subarray(WAL_FRAME_HEADER_BYTES);
  const begun = addToChecksum(previous, bytes.subarray(0, FRAME_CHECKED_BYTES), bigEndianChecksums);
  const sum = addToChecksum(begun, page, bigEndianChecksums);
  return isSameChecksum(sum, frame.checksum) ? frame : undefined;
}

export function isSameChecksum(a: WalChecksum, b: WalChecksum): boolean {
  return a.first === b.first && a.second === b.second;
}

/** `bytes` is a multiple of 8 long. */
export function addToChecksum(
  { first, second }: WalChecksum,
  bytes: Uint8Array,
  bigEndian: boolean,
): WalChecksum {
  const words = wordsOf(bytes, bigEndian === HOST_IS_LITTLE_ENDIAN);
  let a = first | 0;
  let b = second | 0;
  for (let at = 0; at < words.length; at += 2) {
    a = (a + (words[at] ?? 0) + b) | 0;
    b = (b + (words[at + 1] ?? 0) + a) | 0;
  }
  return { first: a >>> 0, second: b >>> 0 };
}

function wordsOf(bytes: Uint8Array, swapped: boolean): Int32Array {
  if (!swapped && bytes.byteOffset % 4 === 0) {
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  const copy = new Uint8Array(bytes);
  if (swapped) asBuffer(copy).swap32();
  return new Int32Array(copy.buffer);
}

function readChecksum(view: Buffer, at: number): WalChecksum {
  return { first: view.readUInt32BE(at), second: view.readUInt32BE(at + 4) };
}

function isPageSize(size: number): boolean {
  return (
    size >= LEAST_PAGE_BYTES && size <= LARGEST_PAGE_BYTES && Number.isInteger(Math.log2(size))
  );
}
