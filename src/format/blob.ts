/**
 * A blob: a piece of a file (`data`) or a folder listing (`tree`), as it lies in a pack.
 *
 *   sealed( plaintext )         type 0 and 1, and everything in version 1
 *   sealed( zstd(plaintext) )   type 2 and 3, version 2 only; the plaintext's length is recorded
 *                               in the pack header and in the index
 *
 * Its id is the SHA-256 of the plaintext, whatever way it is stored. An empty blob is never
 * compressed (it would get larger): a recorded length of 0 means "not compressed".
 *
 * Source: restic doc/design.rst § Pack Format, internal/repository/repository.go `saveAndEncrypt`
 * @ a80be14. restic keeps zstd output even where it is larger; we then store the plaintext.
 */
import { hash } from 'node:crypto';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import {
  compressTransient,
  decompress,
  decompressInto,
  type CompressionMode,
} from './compression.ts';
import { sealInto, SEAL_OVERHEAD_BYTES, unseal, unsealInto, type MasterKey } from './crypto.ts';
import { looksIncompressible } from './incompressible.ts';
import { UINT32_MAX } from './json-fields.ts';

/** The id of a blob: SHA-256 of its plaintext, as 64 hex digits. */
export function blobId(plaintext: Uint8Array): string {
  return hash('sha256', plaintext, 'hex');
}

export interface SealBlobInput {
  readonly master: MasterKey;
  readonly plaintext: Uint8Array;
  readonly id: string;
  /** `true` is `auto`. Only false or `off` in a version 1 repository. */
  readonly compress: CompressionMode | boolean;
  readonly nonce: Uint8Array;
}

export interface SealBlobResult {
  readonly sealed: Uint8Array;
  /** Present if and only if the blob is stored compressed. */
  readonly uncompressedLength?: number;
}

/** Says nothing about `id`: `openBlob` does, with which every result is proved before it is stored. */
export function sealBlob(input: SealBlobInput): SealBlobResult {
  const room = Buffer.allocUnsafeSlow(sealedRoomBytes(input.plaintext));
  const { length, ...rest } = sealBlobInto(room, input);
  return { sealed: room.subarray(0, length), ...rest };
}

/** What `sealBlobInto` needs at most. */
export function sealedRoomBytes({ length }: Uint8Array): number {
  return length + SEAL_OVERHEAD_BYTES;
}

/** As `sealBlob`, into the first bytes of `room`; the length says how many. */
export function sealBlobInto(
  room: Uint8Array,
  input: SealBlobInput,
): { length: number; uncompressedLength?: number } {
  const { master: key, plaintext, nonce } = input;
  const mode = compressionOf(input.compress);
  const skip = mode === 'off' || (mode === 'auto' && looksIncompressible(plaintext));
  const compressed = skip ? plaintext : compressTransient(plaintext, mode);
  const isSmaller = compressed.length < plaintext.length;
  const stored = isSmaller ? compressed : plaintext;
  const length = sealedRoomBytes(stored);
  sealInto(room.subarray(0, length), { key, plaintext: stored, nonce });
  return isSmaller ? { length, uncompressedLength: plaintext.length } : { length };
}

export interface OpenBlobInput {
  readonly master: MasterKey;
  readonly sealed: Uint8Array;
  readonly id: string;
  /** As recorded; absent when the blob is not compressed. */
  readonly uncompressedLength?: number | undefined;
}

/**
 * The plaintext, which hashes to `id`. Throws `FORMAT_TRUNCATED`, `FORMAT_MAC_MISMATCH`,
 * `FORMAT_DECOMPRESS` or `FORMAT_BLOB_HASH`.
 */
export function openBlob({ master, sealed, id, uncompressedLength }: OpenBlobInput): Uint8Array {
  const what = `blob ${id}`;
  const stored = unseal(master, sealed, what);
  const plaintext =
    uncompressedLength === undefined
      ? stored
      : decompress(stored, { what, maxSizeBytes: UINT32_MAX, sizeBytes: uncompressedLength });
  const actualId = blobId(plaintext);
  if (actualId !== id) throw new KeepsakeError('FORMAT_BLOB_HASH', { id, actualId });
  return plaintext;
}

/** Holds what was decrypted and is still compressed; overwritten by the next blob. */
let compressedScratch = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * As `openBlob`, into `target`, which has exactly the size of the plaintext. After an error
 * `target` holds nothing to rely on.
 */
export function openBlobInto(target: Uint8Array, blob: OpenBlobInput): void {
  const { master: key, sealed, id, uncompressedLength } = blob;
  const what = `blob ${id}`;
  if (uncompressedLength === undefined) unsealInto(target, { key, sealed, what });
  else {
    const length = Math.max(0, sealed.length - SEAL_OVERHEAD_BYTES);
    if (compressedScratch.length < length) compressedScratch = Buffer.allocUnsafeSlow(length);
    const stored = compressedScratch.subarray(0, length);
    unsealInto(stored, { key, sealed, what });
    decompressInto(target, stored, what);
  }
  const actualId = blobId(target);
  if (actualId !== id) throw new KeepsakeError('FORMAT_BLOB_HASH', { id, actualId });
}

function compressionOf(compress: CompressionMode | boolean): CompressionMode {
  if (typeof compress !== 'boolean') return compress;
  return compress ? 'auto' : 'off';
}
