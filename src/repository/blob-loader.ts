/** Loads blobs, verified; a damaged copy is made up for by another pack that holds the blob. */
import type { Backend, CallOptions } from '../backend/backend.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { openBlob, type OpenBlobInput } from '../format/blob.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { BlobIndex, BlobPlace, BlobType } from './blob-index.ts';
import { LargePlaintext } from './large-blob.ts';

export class BlobLoader {
  readonly #backend: Backend;
  readonly #index: BlobIndex;
  readonly #master: MasterKey;

  constructor(backend: Backend, index: BlobIndex, master: MasterKey) {
    this.#backend = backend;
    this.#index = index;
    this.#master = master;
  }

  /**
   * The blob's plaintext; its SHA-256 is `id`. Throws `REPOSITORY_BLOB_MISSING`, or
   * `REPOSITORY_BLOB_DAMAGED` when no place holds a good copy.
   */
  load(type: BlobType, id: string, options: CallOptions = {}): Promise<Uint8Array> {
    return this.#firstGood(type, id, async (place) => openBlob(await this.#sealed(place, options)));
  }

  /** As `load`, of a blob that is too large to be in memory. */
  loadLarge(type: BlobType, id: string, options: CallOptions = {}): Promise<LargePlaintext> {
    return this.#firstGood(type, id, async (place) => {
      const plaintext = new LargePlaintext(await this.#sealed(place, options));
      plaintext.prove();
      return plaintext;
    });
  }

  async #firstGood<T>(
    type: BlobType,
    id: string,
    open: (place: BlobPlace) => Promise<T>,
  ): Promise<T> {
    let failure: unknown;
    for (const place of this.#index.findAll(type, id)) {
      try {
        return await open(place);
      } catch (error) {
        if (!isDamage(error)) throw error;
        const why = describeCause(error);
        const details = { type, id, pack: place.packId, why };
        failure = new KeepsakeError('REPOSITORY_BLOB_DAMAGED', details, { cause: error });
      }
    }
    throw failure ?? new KeepsakeError('REPOSITORY_BLOB_MISSING', { type, id });
  }

  async #sealed(place: BlobPlace, { signal }: CallOptions): Promise<OpenBlobInput> {
    const sealed = await this.#backend.load(
      { kind: 'pack', name: place.packId, content: place.type },
      { offsetBytes: place.offset, lengthBytes: place.length, signal },
    );
    const { id, uncompressedLength } = place;
    return { master: this.#master, sealed, id, uncompressedLength };
  }
}

/** A file that is not there whole, or that the disk does not give. */
export function isFileDamage(error: unknown): boolean {
  return isKeepsakeError(
    error,
    'BACKEND_FILE_NOT_FOUND',
    'BACKEND_SHORT_FILE',
    'BACKEND_DEVICE_FAILED',
  );
}

/** A bad copy, as opposed to storage that cannot be reached or was told to stop. */
export function isDamage(error: unknown): boolean {
  return isFileDamage(error) || (isKeepsakeError(error) && error.code.startsWith('FORMAT_'));
}
