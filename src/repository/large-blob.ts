/**
 * A blob that is too large to be in memory, as the tree of a folder of 200,000 files is: only its
 * sealed form is ever whole.
 */
import { createHash } from 'node:crypto';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { OpenBlobInput } from '../format/blob.ts';
import { compressPieces, decompressPieces, usedUp } from '../format/compression-stream.ts';
import { SEAL_OVERHEAD_BYTES, sealPiecesInto, unsealPieces } from '../format/crypto.ts';
import { modeFor, type SealedBlob, type SealSettings } from './blob-sealer.ts';
import type { BlobType } from './blob-index.ts';

export interface LargeBlob {
  /** The SHA-256 of all pieces together. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly pieces: () => Iterable<Uint8Array>;
}

/** A large blob as it will be encrypted. */
export interface StoredForm {
  readonly id: string;
  readonly pieces: readonly Uint8Array[];
  readonly uncompressedLength?: number;
}

/** Compressed as `ThreadSealer.seal` compresses. */
export async function compressLarge(
  settings: SealSettings,
  type: BlobType,
  { id, sizeBytes, pieces }: LargeBlob,
): Promise<StoredForm> {
  const mode = modeFor(settings, type);
  if (mode === 'off') return { id, pieces: [...pieces()] };
  const compressed = await compressPieces(pieces(), sizeBytes, mode);
  return { id, pieces: compressed, uncompressedLength: sizeBytes };
}

export function sealedLargeBytes({ pieces }: StoredForm): number {
  return pieces.reduce((sum, { length }) => sum + length, SEAL_OVERHEAD_BYTES);
}

/**
 * In `room`, which is as long as `sealedLargeBytes` says; verified by opening it again. The stored
 * form is used up.
 */
export function sealLarge(
  { master }: SealSettings,
  { id, pieces, uncompressedLength }: StoredForm,
  { room, nonce }: { room: Uint8Array; nonce: Uint8Array },
): SealedBlob {
  const isOwn = uncompressedLength !== undefined;
  sealPiecesInto(room, { key: master, pieces: isOwn ? usedUp(pieces) : pieces, nonce });
  try {
    new LargePlaintext({ master, sealed: room, id, uncompressedLength }).prove();
  } catch (cause) {
    throw new KeepsakeError('REPOSITORY_SELF_CHECK', { what: `blob ${id}` }, { cause });
  }
  return { id, sealed: room, ...(uncompressedLength !== undefined && { uncompressedLength }) };
}

/** The plaintext of a sealed blob, in pieces: it is never in memory whole, and read as often as asked. */
export class LargePlaintext {
  readonly #blob: OpenBlobInput;

  /** @param blob whose sealed bytes nobody else changes */
  constructor(blob: OpenBlobInput) {
    this.#blob = blob;
  }

  /** Throws what `openBlob` throws. Nothing of it is to be used before. */
  prove(): void {
    const hash = createHash('sha256');
    for (const piece of this.pieces()) hash.update(piece);
    const actualId = hash.digest('hex');
    const { id } = this.#blob;
    if (actualId !== id) throw new KeepsakeError('FORMAT_BLOB_HASH', { id, actualId });
  }

  /** Each is a view that the next one overwrites. */
  pieces(): Iterable<Uint8Array> {
    const { master, sealed, id, uncompressedLength } = this.#blob;
    const what = `blob ${id}`;
    const stored = unsealPieces(master, sealed, what);
    if (uncompressedLength === undefined) return stored;
    return decompressPieces(stored, { what, sizeBytes: uncompressedLength });
  }
}
