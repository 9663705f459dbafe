/** A pack being filled: sealed blobs one after the other, the header last. */
import { releaseMemory } from '../base/bytes.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { wantHugePages } from '../host/process-memory.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { encodePackHeader, PACK_MAX_BLOBS } from '../format/pack.ts';
import type { SealedBlob } from './blob-sealer.ts';

/** Room for the header and for the blob that goes over the target. */
const SPARE_BYTES = 1 << 20;

const HUGE_FROM_BYTES = 1 << 20;
/** Two packs of this size in one or two pages more each: too much where memory is low. */
const WORTH_HUGE_PAGES_BYTES = 16 << 20;

export class PackBuilder {
  readonly type: 'data' | 'tree';
  readonly #targetSizeBytes: number;
  readonly #blobs: IndexedBlob[] = [];
  /**
   * From the first blob to the file one piece: parts joined at the end would need it twice. What of
   * it was never touched costs nothing, so a small pack may have a large one's.
   */
  #bytes: Uint8Array | undefined;
  #sizeBytes = 0;

  constructor(type: 'data' | 'tree', targetSizeBytes: number) {
    this.type = type;
    this.#targetSizeBytes = targetSizeBytes;
  }

  get blobs(): readonly IndexedBlob[] {
    return this.#blobs;
  }

  /** So far, without the header. */
  get sizeBytes(): number {
    return this.#sizeBytes;
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

  /** The whole pack file, valid until `release`. */
  finish(master: MasterKey, nonce: Uint8Array): Uint8Array {
    assertInternal(this.#blobs.length > 0, 'an empty pack was finished');
    this.#append(encodePackHeader(this.#blobs, master, nonce));
    return (this.#bytes ?? new Uint8Array(0)).subarray(0, this.#sizeBytes);
  }

  /** Gives the memory back at once: the collector would let several packs gather first. */
  release(): void {
    if (this.#bytes !== undefined) releaseMemory(this.#bytes);
    this.#bytes = undefined;
  }

  /** Where the next blob will lie: it may be made there, if nothing is added before it. */
  room(sizeBytes: number): Uint8Array {
    this.#bytes ??= Buffer.allocUnsafeSlow(this.#targetSizeBytes + SPARE_BYTES);
    const end = this.#sizeBytes + sizeBytes;
    if (this.#sizeBytes < HUGE_FROM_BYTES && end >= HUGE_FROM_BYTES) this.#wantHugePages();
    if (end > this.#bytes.length) this.#bytes = grown(this.#bytes, end + SPARE_BYTES);
    return this.#bytes.subarray(this.#sizeBytes, end);
  }

  /** Most packs of a large target get full once they have got so far. */
  #wantHugePages(): void {
    if (this.#bytes === undefined || this.#targetSizeBytes < WORTH_HUGE_PAGES_BYTES) return;
    wantHugePages(this.#bytes.subarray(this.#sizeBytes));
  }

  #append(bytes: Uint8Array): void {
    this.room(bytes.length).set(bytes);
    this.#sizeBytes += bytes.length;
  }
}

function grown(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  const larger = Buffer.allocUnsafeSlow(sizeBytes);
  larger.set(bytes);
  releaseMemory(bytes);
  return larger;
}
