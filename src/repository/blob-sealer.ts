/**
 * The CPU work of storing a blob (compress, encrypt, decode again to compare) behind one
 * asynchronous door, so that it can move to a worker thread without its callers knowing.
 */
import type { Random } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { openBlob, sealBlob } from '../format/blob.ts';
import type { CompressionMode } from '../format/compression.ts';
import type { MasterKey } from '../format/crypto.ts';

export interface SealedBlob {
  readonly id: string;
  readonly sealed: Uint8Array;
  readonly uncompressedLength?: number;
}

export interface BlobSealer {
  /** `id` is the SHA-256 of `plaintext`; the result is verified by opening it again. */
  seal(id: string, plaintext: Uint8Array): Promise<SealedBlob>;
}

export interface BlobSealerOptions {
  readonly master: MasterKey;
  /** `off` in a version 1 repository, which knows no compression. */
  readonly compression: CompressionMode;
  readonly random: Random;
}

export function createBlobSealer({ master, compression, random }: BlobSealerOptions): BlobSealer {
  return {
    seal(id, plaintext) {
      const result = sealBlob({ master, plaintext, id, compress: compression, nonce: random(16) });
      try {
        openBlob({ master, id, ...result });
      } catch (error) {
        return Promise.reject(
          new KeepsakeError('REPOSITORY_SELF_CHECK', { what: `blob ${id}` }, { cause: error }),
        );
      }
      return Promise.resolve({ id, ...result });
    },
  };
}
