/**
 * The CPU work of storing a blob: compress, encrypt, and open again to compare. Asynchronous for
 * its callers, so that a worker thread can share it (`shared-sealer.ts`).
 */
import type { Random } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { openBlob, sealBlob } from '../format/blob.ts';
import type { CompressionMode } from '../format/compression.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { BlobType } from './blob-index.ts';

export interface SealedBlob {
  readonly id: string;
  readonly sealed: Uint8Array;
  readonly uncompressedLength?: number;
}

export interface BlobSealer extends AsyncDisposable {
  /**
   * `id` is the SHA-256 of `plaintext`; the result is verified by opening it again. `plaintext` may
   * be reused as soon as this returns, even while the promise is pending.
   */
  seal(type: BlobType, id: string, plaintext: Uint8Array): SealedBlob | Promise<SealedBlob>;
  /** Nothing more comes soon: what waits for company is sealed now. */
  flush(): void;
}

export interface SealSettings {
  readonly master: MasterKey;
  readonly version: 1 | 2;
  /** Of data. Trees are always compressed where the format can: they are text and read often. */
  readonly compression: CompressionMode;
}

/** Throws `REPOSITORY_SELF_CHECK` when what was sealed does not open to what was put in. */
export function sealVerified(
  { master, version, compression }: SealSettings,
  { type, id, plaintext }: { type: BlobType; id: string; plaintext: Uint8Array },
  random: Random,
): SealedBlob {
  const treeMode = compression === 'off' ? 'auto' : compression;
  const compress = version === 1 ? 'off' : type === 'tree' ? treeMode : compression;
  const result = sealBlob({ master, plaintext, id, compress, nonce: random(16) });
  try {
    openBlob({ master, id, ...result });
  } catch (cause) {
    throw new KeepsakeError('REPOSITORY_SELF_CHECK', { what: `blob ${id}` }, { cause });
  }
  return { id, ...result };
}
