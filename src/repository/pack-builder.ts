/** A pack being filled: sealed blobs one after the other, the header last. */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { encodePackHeader, PACK_MAX_BLOBS } from '../format/pack.ts';
import type { SealedBlob } from './blob-sealer.ts';

/** Room for the header and for the blob that goes over the target. */
const SPARE_BYTES = 1 << 20;

/** Packs are filled one after the other in the same few pieces of memory. */
export class PackMemory {
  readonly #sizeBytes: number;
  readonly #free: Uint8Array[] = [];

  constructor(packSizeBytes: number) {
    this.#sizeBytes = packSizeBytes + SPARE_BYTES;
  }

  /** Memory that is never touched costs nothing, so a small pack may have a large one's. */
  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#sizeBytes);
  }

  /** The giver must not touch it any more. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.length === this.#sizeBytes) this.#free.push(bytes);
  }
}

export class PackBuilder implements Disposable {
  readonly type: 'data' | 'tree';
  readonly #targetSizeBytes: number;
  readonly #memory: PackMemory;
  readonly #blobs: IndexedBlob[] = [];
  /** From the first blob to the file one piece: parts joined at the end would need it twice. */
  #bytes: Uint8Array | undefined;
  #sizeBytes = 0;

  constructor(type: 'data' | 'tree', targetSizeBytes: number, memory: PackMemory) {
    this.type = type;
    this.#targetSizeBytes = targetSizeBytes;
    this.#memory = memory;
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

  /** The whole pack file, valid until the builder is disposed. */
  finish(master: MasterKey, nonce: Uint8Array): Uint8Array {
    assertInternal(this.#blobs.length > 0, 'an empty pack was finished');
    this.#append(encodePackHeader(this.#blobs, master, nonce));
    return (this.#bytes ?? new Uint8Array(0)).subarray(0, this.#sizeBytes);
  }

  [Symbol.dispose](): void {
    if (this.#bytes !== undefined) this.#memory.giveBack(this.#bytes);
    this.#bytes = undefined;
  }

  #append(bytes: Uint8Array): void {
    this.#bytes ??= this.#memory.take();
    const end = this.#sizeBytes + bytes.length;
    if (end > this.#bytes.length) this.#bytes = grown(this.#bytes, end + SPARE_BYTES);
    this.#bytes.set(bytes, this.#sizeBytes);
    this.#sizeBytes = end;
  }
}

function grown(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  const larger = Buffer.allocUnsafeSlow(sizeBytes);
  larger.set(bytes);
  return larger;
}
