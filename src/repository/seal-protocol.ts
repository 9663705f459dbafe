/** What the main thread and the sealing worker send each other. */
import type { BlobType } from './blob-index.ts';

export type SealRequest =
  | {
      readonly kind: 'seal';
      readonly items: readonly { type: BlobType; id: string; length: number }[];
      /** Plaintexts one after the other. */
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** Holds the sealed blobs in the answer. */
      readonly room: Uint8Array<ArrayBuffer>;
    }
  /** Something the worker's module knows how to do (`serveSealing`). */
  | { readonly kind: 'task'; readonly task: unknown };

export type SealAnswer =
  | {
      readonly kind: 'sealed';
      readonly items: readonly { length: number; uncompressedLength?: number | undefined }[];
      /** Both pieces of memory of the request: in `room` now the sealed blobs one after the other. */
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly room: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'done'; readonly result: unknown }
  /** The blob that failed its self-check. */
  | { readonly kind: 'failed'; readonly what: string };

/** What changes hands, with the memory that goes along. */
export interface Parcel<T> {
  readonly content: T;
  readonly memory: readonly ArrayBuffer[];
}
