/** A pack being filled: sealed blobs one after the other, the header last. */
import type { IndexedBlob } from '../format/index-file.ts';
import { encodePackHeader, PACK_MAX_BLOBS } from '../format/pack.ts';
import type { MasterKey } from '../format/crypto.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { concatBytes } from '../base/bytes.ts';
import type { SealedBlob } from './blob-sealer.ts';

export class PackBuilder {
  readonly type: 'data' | 'tree';
  readonly #parts: Uint8Array[] = [];
  readonly #blobs: IndexedBlob[] = [];
  #sizeBytes = 0;

  constructor(type: 'data' | 'tree') {
    this.type = type;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get blobs(): readonly IndexedBlob[] {
    return this.#blobs;
  }

  isFull(targetSizeBytes: number): boolean {
    return this.#sizeBytes >= targetSizeBytes || this.#blobs.length >= PACK_MAX_BLOBS;
  }

  add(blob: SealedBlob): void {
    this.#blobs.push({
      id: blob.id,
      type: this.type,
      offset: this.#sizeBytes,
      length: blob.sealed.length,
      ...(blob.uncompressedLength === undefined
        ? {}
        : { uncompressedLength: blob.uncompressedLength }),
    });
    this.#parts.push(blob.sealed);
    this.#sizeBytes += blob.sealed.length;
  }

  /** The whole pack file. The builder is done after this. */
  finish(master: MasterKey, nonce: Uint8Array): Uint8Array {
    assertInternal(this.#blobs.length > 0, 'an empty pack was finished');
    const bytes = concatBytes([...this.#parts, encodePackHeader(this.#blobs, master, nonce)]);
    this.#parts.length = 0;
    return bytes;
  }
}
