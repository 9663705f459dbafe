/**
 * Documents that are a repository file of their own: config, lock, snapshot, index.
 *
 *   version 1, and config always   sealed( JSON )
 *   version 2                      sealed( 0x02 ‖ zstd(JSON) )
 *
 * On reading, the first plaintext byte tells: `{` or `[` is JSON as it stands (what version 1
 * wrote is still valid after an upgrade), 0x02 is zstd, all else belongs to a later format.
 * Source: restic doc/design.rst § Unpacked Data Format @ a80be14.
 */
import { releaseMemory } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { compressTransient, decompress } from './compression.ts';
import { seal, unseal, type MasterKey } from './crypto.ts';

export type UnpackedKind = 'config' | 'lock' | 'snapshot' | 'index';

const ENCODING_ZSTD = 2;
const BRACE = 0x7b;
const BRACKET = 0x5b;
// An index of 50,000 blobs is 8 MB of JSON; restic's largest, after one pack of 400,000, 70 MB.
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

export interface SealUnpackedInput {
  readonly kind: UnpackedKind;
  readonly version: 1 | 2;
  readonly master: MasterKey;
  readonly plaintext: Uint8Array;
  readonly nonce: Uint8Array;
}

/** The bytes of the file; its name is their SHA-256. */
export function sealUnpacked(input: SealUnpackedInput): Uint8Array {
  const { kind, version, master, plaintext, nonce } = input;
  if (version === 1 || kind === 'config') return seal(master, plaintext, nonce);
  const encoded = Buffer.concat([Uint8Array.of(ENCODING_ZSTD), compressTransient(plaintext)]);
  const sealed = seal(master, encoded, nonce);
  releaseMemory(encoded);
  return sealed;
}

export interface UnsealUnpackedInput {
  readonly kind: UnpackedKind;
  readonly master: MasterKey;
  readonly bytes: Uint8Array;
  /** Of the JSON, where it is known: then no more memory is taken. */
  readonly sizeBytes?: number | undefined;
}

/**
 * The JSON again. Throws `FORMAT_TRUNCATED`, `FORMAT_MAC_MISMATCH`, `FORMAT_DECOMPRESS` or
 * `FORMAT_ENCODING`.
 */
export function unsealUnpacked(input: UnsealUnpackedInput): Uint8Array {
  const { kind, master, bytes, sizeBytes } = input;
  const what = `${kind} file`;
  const encoded = unseal(master, bytes, what);
  const firstByte = encoded[0];
  if (kind === 'config' || firstByte === undefined) return encoded;
  if (firstByte === BRACE || firstByte === BRACKET) return encoded;
  if (firstByte !== ENCODING_ZSTD) throw new KeepsakeError('FORMAT_ENCODING', { what, firstByte });
  const frame = encoded.subarray(1);
  const plaintext = decompress(frame, { what, maxSizeBytes: MAX_DOCUMENT_BYTES, sizeBytes });
  releaseMemory(encoded);
  return plaintext;
}
