/**
 * A pack: many sealed blobs in one file, their header last.
 *
 *   sealed blob 1 ‖ … ‖ sealed blob n ‖ sealed header ‖ uint32 LE length of the sealed header
 *
 * The header's plaintext is one entry a blob, in the order of the blobs; a blob's offset is the
 * sum of the lengths before it:
 *
 *   offset  size  field
 *   0       1     type: 0 data, 1 tree, 2 compressed data, 3 compressed tree
 *   1       4     length of the sealed blob, uint32 LE
 *   5       0|4   length of the plaintext, uint32 LE: types 2 and 3 only
 *   5|9     32    id: SHA-256 of the plaintext
 *
 * Valid if the entries' lengths fill the file exactly up to the header, and there is at least one.
 * A header, its length field included, is at most 16 MiB + 4.
 * Source: restic doc/design.rst § Pack Format, internal/repository/pack/pack.go @ a80be14.
 */
import { asBuffer, fromHex, toHex } from '../base/bytes.ts';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { seal, SEAL_OVERHEAD_BYTES, unseal, type MasterKey } from './crypto.ts';
import type { IndexedBlob } from './index-file.ts';
import { UINT32_MAX } from './json-fields.ts';

export type PackedBlob = IndexedBlob;

const WHAT = 'pack header';
const ID_BYTES = 32;
const LENGTH_BYTES = 4;
const ENTRY_BYTES = 1 + LENGTH_BYTES + ID_BYTES;
const COMPRESSED_ENTRY_BYTES = ENTRY_BYTES + LENGTH_BYTES;
const TYPE_TREE = 1;
const TYPE_COMPRESSED = 2;
const TYPE_MAX = 3;

/** The length field at the very end of a pack. */
export const PACK_TAIL_BYTES = LENGTH_BYTES;
/** What a pack holds besides its blobs and their header entries. */
export const PACK_OVERHEAD_BYTES = SEAL_OVERHEAD_BYTES + PACK_TAIL_BYTES;
const MAX_SEALED_HEADER_BYTES = 16 * 1024 * 1024;
/** As many blobs as any pack may hold, compressed or not. */
export const PACK_MAX_BLOBS = Math.floor(
  (MAX_SEALED_HEADER_BYTES - SEAL_OVERHEAD_BYTES) / COMPRESSED_ENTRY_BYTES,
);

/** What one blob takes in the header. */
export function headerEntryBytes(blob: Pick<PackedBlob, 'uncompressedLength'>): number {
  return blob.uncompressedLength === undefined ? ENTRY_BYTES : COMPRESSED_ENTRY_BYTES;
}

/** The size of the pack file that holds exactly these blobs. */
export function packSizeOf(blobs: Iterable<PackedBlob>): number {
  let sizeBytes = PACK_OVERHEAD_BYTES;
  for (const blob of blobs) sizeBytes += blob.length + headerEntryBytes(blob);
  return sizeBytes;
}

/** What follows the blobs: sealed header and length. The blobs must lie one after the other. */
export function encodePackHeader(
  blobs: readonly PackedBlob[],
  master: MasterKey,
  nonce: Uint8Array,
): Uint8Array {
  assertInternal(
    blobs.length > 0 && blobs.length <= PACK_MAX_BLOBS,
    `a pack of ${blobs.length} blobs`,
  );
  const sealed = seal(master, encodeEntries(blobs), nonce);
  const tail = Buffer.alloc(PACK_TAIL_BYTES);
  tail.writeUInt32LE(sealed.length);
  return Buffer.concat([sealed, tail]);
}

function encodeEntries(blobs: readonly PackedBlob[]): Uint8Array {
  const plaintext = Buffer.alloc(blobs.reduce((sum, blob) => sum + headerEntryBytes(blob), 0));
  let at = 0;
  let offset = 0;
  for (const { id, type, offset: given, length, uncompressedLength } of blobs) {
    assertInternal(given === offset, `blob ${id} is at ${given} of its pack, not at ${offset}`);
    const compressed = uncompressedLength === undefined ? 0 : TYPE_COMPRESSED;
    at = plaintext.writeUInt8((type === 'tree' ? TYPE_TREE : 0) | compressed, at);
    at = plaintext.writeUInt32LE(length, at);
    if (uncompressedLength !== undefined) at = plaintext.writeUInt32LE(uncompressedLength, at);
    plaintext.set(fromHex(id), at);
    at += ID_BYTES;
    offset += length;
  }
  return plaintext;
}

/**
 * Length of the sealed header, from the last four bytes of a pack of `packSize` bytes. The header
 * lies right before those four.
 */
export function packHeaderLength(last4: Uint8Array, packSize: number): number {
  const smallest = PACK_OVERHEAD_BYTES + ENTRY_BYTES + SEAL_OVERHEAD_BYTES;
  if (packSize < smallest || last4.length < PACK_TAIL_BYTES) {
    throw new KeepsakeError('FORMAT_TRUNCATED', {
      what: 'pack',
      sizeBytes: packSize,
      neededBytes: smallest,
    });
  }
  const length = asBuffer(last4).readUInt32LE(last4.length - PACK_TAIL_BYTES);
  const longest = Math.min(packSize - PACK_TAIL_BYTES, MAX_SEALED_HEADER_BYTES);
  if (length < SEAL_OVERHEAD_BYTES + ENTRY_BYTES || length > longest) {
    throw malformed('its length', `${length} bytes do not fit into a pack of ${packSize}`);
  }
  return length;
}

/** The blobs of a pack of `packSize` bytes, in order. */
export function decodePackHeader(
  sealedHeader: Uint8Array,
  master: MasterKey,
  packSize: number,
): PackedBlob[] {
  const entries = decodeEntries(asBuffer(unseal(master, sealedHeader, WHAT)));
  const last = entries.at(-1);
  const blobsEnd = last === undefined ? 0 : last.offset + last.length;
  const headerStart = packSize - PACK_TAIL_BYTES - sealedHeader.length;
  if (blobsEnd !== headerStart) {
    throw malformed('its end', `the blobs take ${blobsEnd} bytes, the pack holds ${headerStart}`);
  }
  return entries;
}

function decodeEntries(plaintext: Buffer): PackedBlob[] {
  const blobs: PackedBlob[] = [];
  let at = 0;
  let offset = 0;
  while (at < plaintext.length) {
    const blob = decodeEntry(plaintext, at, offset);
    at += headerEntryBytes(blob);
    offset += blob.length;
    blobs.push(blob);
  }
  return blobs;
}

function decodeEntry(plaintext: Buffer, at: number, offset: number): PackedBlob {
  const code = plaintext.readUInt8(at);
  if (code > TYPE_MAX) throw malformed(`byte ${at}`, `unknown blob type ${code}`);
  const compressed = (code & TYPE_COMPRESSED) !== 0;
  const end = at + (compressed ? COMPRESSED_ENTRY_BYTES : ENTRY_BYTES);
  if (end > plaintext.length) throw malformed(`byte ${at}`, 'it ends inside an entry');
  const length = plaintext.readUInt32LE(at + 1);
  if (length < SEAL_OVERHEAD_BYTES || offset + length > UINT32_MAX) {
    throw malformed(`byte ${at + 1}`, `${length} is no length of a sealed blob`);
  }
  const id = toHex(plaintext.subarray(end - ID_BYTES, end));
  const type = (code & TYPE_TREE) === 0 ? 'data' : 'tree';
  if (!compressed) return { id, type, offset, length };
  const uncompressedLength = plaintext.readUInt32LE(at + 1 + LENGTH_BYTES);
  if (uncompressedLength === 0) throw malformed(`byte ${at + 5}`, 'a compressed blob of 0 bytes');
  return { id, type, offset, length, uncompressedLength };
}

function malformed(where: string, problem: string): KeepsakeError {
  return new KeepsakeError('FORMAT_MALFORMED', { what: WHAT, where, problem });
}
