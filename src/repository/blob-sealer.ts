/**
 * The CPU work of storing a blob (compress, encrypt, decode again to compare) behind one
 * asynchronous door, so that it can move to a worker thread without its callers knowing.
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

export interface BlobSealer {
  /** `id` is the SHA-256 of `plaintext`; the result is verified by opening it again. */
  seal(type: BlobType, id: string, plaintext: Uint8Array): Promise<SealedBlob>;
}

export interface BlobSealerOptions {
  readonly master: MasterKey;
  readonly version: 1 | 2;
  /** Of data. Trees are always compressed where the format can: they are text and read often. */
  readonly compression: CompressionMode;
  readonly random: Random;
}

export function createBlobSealer(options: BlobSealerOptions): BlobSealer {
  const { master, version, compression, random } = options;
  const trees = compression === 'off' ? 'auto' : compression;
  return {
    seal(type, id, plaintext) {
      const compress = version === 1 ? 'off' : type === 'tree' ? trees : compression;
      const result = sealBlob({ master, plaintext, id, compress, nonce: random(16) });
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
