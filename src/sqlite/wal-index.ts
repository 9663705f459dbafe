/**
 * The header of the `-shm` file, by which the programs that share a log tell each other how much of
 * it is committed. Numbers are in the byte order of the machine; two copies stand one after the
 * other, and a writer changes one after the other.
 *
 * | offset | size | field |
 * | --- | --- | --- |
 * | 0 | 4 | version 3007000 |
 * | 8 | 4 | counts transactions |
 * | 12 | 1 | 1 once it is set up |
 * | 13 | 1 | 1 if checksums in the log read words as big-endian |
 * | 14 | 2 | page size, 1 for 65536 |
 * | 16 | 4 | committed frames |
 * | 20 | 4 | pages of the database |
 * | 24 | 8 | checksum of the last committed frame |
 * | 32 | 8 | salts of the log, byte by byte as they stand there |
 * | 40 | 8 | checksum of bytes 0–39, as in the log, words in the machine's byte order |
 *
 * Source: https://www.sqlite.org/walformat.html §2.1; wal.c WalIndexHdr, walIndexTryHdr.
 */
import { asBuffer, equalBytes } from '../base/bytes.ts';
import { addToChecksum, type WalChecksum } from './wal-format.ts';

const HEADER_BYTES = 48;
export const WAL_INDEX_BYTES = 2 * HEADER_BYTES;

const VERSION = 3_007_000;
const CHECKSUM_AT = 40;
const HOST_IS_BIG_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 0;

export interface WalIndexHeader {
  readonly committedFrames: number;
  readonly pageCount: number;
  readonly lastChecksum: WalChecksum;
  readonly salt1: number;
  readonly salt2: number;
}

/** `undefined` while somebody writes it, and when it was left behind half written. */
export function decodeWalIndex(bytes: Uint8Array): WalIndexHeader | undefined {
  if (bytes.length < WAL_INDEX_BYTES) return undefined;
  const header = new Uint8Array(bytes.subarray(0, HEADER_BYTES));
  if (!equalBytes(header, bytes.subarray(HEADER_BYTES, WAL_INDEX_BYTES))) return undefined;
  const words = new Uint32Array(header.buffer);
  const word = (at: number): number => words[at / 4] ?? 0;
  if (word(0) !== VERSION || header[12] !== 1) return undefined;
  const checked = header.subarray(0, CHECKSUM_AT);
  const sum = addToChecksum({ first: 0, second: 0 }, checked, HOST_IS_BIG_ENDIAN);
  if (sum.first !== word(CHECKSUM_AT) || sum.second !== word(CHECKSUM_AT + 4)) return undefined;
  const view = asBuffer(header);
  return {
    committedFrames: word(16),
    pageCount: word(20),
    lastChecksum: { first: word(24), second: word(28) },
    salt1: view.readUInt32BE(32),
    salt2: view.readUInt32BE(36),
  };
}
