/** A pack being filled: sealed blobs one after the other, the header last. */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { encodePackHeader, PACK_MAX_BLOBS } from '../format/pack.ts';
import type { SealedBlob } from './blob-sealer.ts';

/** Room for the header and for the blob that goes over the target. */
const SPARE_BYTES = 1 << 20;

export class PackBuilder {
  readonly type: 'data' | 'tree';
  readonly #targetSizeBytes: number;
  readonly #blobs: IndexedBlob[] = [];
  /** One piece of memory from the first blob to the file: parts joined at the end need it twice. */
  #bytes = new Uint8Array(0);
  #sizeBytes = 0;

  constructor(type: 'data' | 'tree', targetSizeBytes: number) {
    this.type = type;
    this.#targetSizeBytes = targetSizeBytes;
  }

  get blobs(): readonly IndexedBlob[] {
    return this.#blobs;
  }

  get isFull(): boolean {
    return this.#sizeBytes >= this.#targetSizeBytes || this.#blobs.length >= PACK_MAX_BLOBS;
  }

  /** Copies the sealed bytes. */
  add({ id, sealed, uncompressedLength }: SealedBlob): void {
    this.#blobs.push({
      id,
      type: this.type,
      offset: this.#sizeBytes,
      length: sealed.length,
      ...(uncompressedLength === undefined ? {} : { uncompressedLength }),
    });
    this.#append(sealed);
  }

  /** The whole pack file. The builder is done after this. */
  finish(master: MasterKey, nonce: Uint8Array): Uint8Array {
    assertInternal(this.#blobs.length > 0, 'an empty pack was finished');
    this.#append(encodePackHeader(this.#blobs, master, nonce));
    const bytes = this.#bytes.subarray(0, this.#sizeBytes);
    this.#bytes = new Uint8Array(0);
    return bytes;
  }

  #append(bytes: Uint8Array): void {
    const end = this.#sizeBytes + bytes.length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.set(bytes, this.#sizeBytes);
    this.#sizeBytes = end;
  }

  /** Memory that is never touched costs nothing, so a small pack may ask for a large one's. */
  #grow(neededBytes: number): void {
    const grown = Buffer.allocUnsafeSlow(
      Math.max(neededBytes + SPARE_BYTES, this.#targetSizeBytes + SPARE_BYTES),
    );
    grown.set(this.#bytes.subarray(0, this.#sizeBytes));
    this.#bytes = grown;
  }
}
