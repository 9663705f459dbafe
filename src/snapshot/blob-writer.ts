import type { FileSealing } from '../repository/file-sealing.ts';
import type { LargeBlob } from '../repository/large-blob.ts';
import type { BlobReader, BlobType } from './blob-reader.ts';

/** What making a snapshot needs of a repository. */
export interface BlobStore extends BlobReader {
  /** For sealing whole files beside `saveBlob`, where the store can. */
  readonly fileSealing?: FileSealing | undefined;
  hasBlob(type: BlobType, id: string): boolean;
  /**
   * `id` is the SHA-256 of `bytes`; they may be reused once the promise settles. `isNew` is false
   * for what was there already.
   */
  saveBlob(type: BlobType, id: string, bytes: Uint8Array): Promise<{ isNew: boolean }>;
  /** As `saveBlob`, without having all of it in memory at once, where the store can. */
  saveLargeBlob?(type: BlobType, blob: LargeBlob): Promise<{ isNew: boolean }>;
}
