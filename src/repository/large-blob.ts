/**
 * Seals a blob that is too large to be in memory twice, as the tree of a folder of 200,000 files is:
 * only its compressed form is ever whole.
 */
import { createHash } from 'node:crypto';
import type { Random } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { compressPieces, decompressPieces } from '../format/compression-stream.ts';
import { NONCE_BYTES, sealPieces, unsealPieces, type MasterKey } from '../format/crypto.ts';
import type { SealedBlob, SealSettings } from './blob-sealer.ts';
import type { BlobType } from './blob-index.ts';

export interface LargeBlob {
  /** The SHA-256 of all pieces together. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly pieces: () => Iterable<Uint8Array>;
}

/** As `ThreadSealer.seal`, verified in the same way. */
export async function sealLarge(
  { master, version, compression }: SealSettings,
  type: BlobType,
  { random, ...blob }: LargeBlob & { random: Random },
): Promise<SealedBlob> {
  const { id, sizeBytes, pieces } = blob;
  const mode = compression === 'off' && type === 'tree' ? 'auto' : compression;
  const isCompressed = version === 2 && mode !== 'off';
  const stored = isCompressed ? await compressPieces(pieces(), sizeBytes, mode) : [...pieces()];
  const sealed = sealPieces(master, stored, random(NONCE_BYTES));
  stored.length = 0; // what follows needs memory, too
  const what = `blob ${id}`;
  try {
    if ((await openedId(master, { sealed, isCompressed, what })) !== id)
      throw new Error('its hash');
  } catch (cause) {
    throw new KeepsakeError('REPOSITORY_SELF_CHECK', { what }, { cause });
  }
  return { id, sealed, ...(isCompressed ? { uncompressedLength: sizeBytes } : {}) };
}

async function openedId(
  master: MasterKey,
  { sealed, isCompressed, what }: { sealed: Uint8Array; isCompressed: boolean; what: string },
): Promise<string> {
  const stored = unsealPieces(master, sealed, what);
  const hash = createHash('sha256');
  const plaintext = isCompressed ? decompressPieces(stored, what) : stored;
  for await (const piece of plaintext) hash.update(piece);
  return hash.digest('hex');
}
