/** What the main thread and the sealing worker send each other. */
import type { BlobType } from './blob-index.ts';

/** Plaintexts one after the other in `bytes`, which changes hands. */
export interface SealBatch {
  readonly items: readonly { type: BlobType; id: string; length: number }[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type SealAnswer =
  | {
      readonly kind: 'sealed';
      readonly items: readonly { length: number; uncompressedLength?: number | undefined }[];
      /** Sealed blobs one after the other. */
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** The batch's own memory, for the next one. */
      readonly spent: Uint8Array<ArrayBuffer>;
    }
  /** The blob that failed its self-check. */
  | { readonly kind: 'failed'; readonly id: string };
