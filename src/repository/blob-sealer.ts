/**
 * The CPU work of storing a blob: compress, encrypt, and open again to compare. Asynchronous for
 * its callers, so that a worker thread can share it (`shared-sealer.ts`).
 */
import { releaseMemory } from '../base/bytes.ts';
import type { Random } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { openBlobInto, sealBlobInto, sealedRoomBytes } from '../format/blob.ts';
import type { CompressionMode } from '../format/compression.ts';
import { NONCE_BYTES, type MasterKey } from '../format/crypto.ts';
import type { BlobType } from './blob-index.ts';

export interface PlainBlob {
  readonly type: BlobType;
  /** The SHA-256 of `plaintext`. */
  readonly id: string;
  readonly plaintext: Uint8Array;
}

export interface SealedBlob {
  readonly id: string;
  readonly sealed: Uint8Array;
  readonly uncompressedLength?: number;
}

/** Takes a sealed blob, whose bytes are valid until it returns. */
export type Deliver = (blob: SealedBlob) => void;

export interface BlobSealer extends AsyncDisposable {
  /**
   * What is delivered was verified by opening it again. `plaintext` may be reused as soon as this
   * returns, even while the promise is pending.
   */
  seal(blob: PlainBlob, deliver: Deliver): void | Promise<void>;
  /** Nothing more comes soon: what waits for company is sealed now. */
  flush(): void;
}

export interface SealSettings {
  readonly master: MasterKey;
  readonly version: 1 | 2;
  /** Of data. Trees are always compressed where the format can: they are text and read often. */
  readonly compression: CompressionMode;
}

/**
 * Of a tree the lowest level gives less than the usual one, in half the time: the list of 17,000
 * files 1.06 instead of 1.13 MB, in 8 instead of 18 ms; 18,000 ids the same size in 1 instead of 9.
 */
export function modeFor({ version, compression }: SealSettings, type: BlobType): CompressionMode {
  if (version === 1) return 'off';
  const isUsual = compression === 'auto' || compression === 'off';
  return type === 'tree' && isUsual ? 'fastest' : compression;
}

/** Asking the system for 16 bytes takes as long as sealing a small blob. */
const NONCES_AT_ONCE = 256;

/** Larger than any piece of a file; memory for a larger tree is not kept for the next blob. */
const KEPT_BYTES = 9 << 20;
const SMALLEST_BYTES = 64 * 1024;
const SMALL_BYTES = 1 << 20;

/** Seals in the calling thread, in memory that is used again and again. */
export class ThreadSealer {
  readonly #settings: SealSettings;
  readonly #random: Random;
  #nonces: Uint8Array = new Uint8Array(0);
  #noncesUsed = 0;
  #room: Uint8Array = new Uint8Array(0);
  #opened: Uint8Array = new Uint8Array(0);

  constructor(settings: SealSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  /** The result is a view that the next call overwrites. */
  seal(blob: PlainBlob): SealedBlob {
    const roomBytes = sealedRoomBytes(blob.plaintext);
    const kept = (this.#room = withRoom(this.#room, roomBytes));
    const room = kept.length < roomBytes ? Buffer.allocUnsafeSlow(roomBytes) : kept;
    const { length, ...rest } = this.sealInto(room, blob);
    return { id: blob.id, sealed: room.subarray(0, length), ...rest };
  }

  /** Gives back what a large blob took; what was delivered is no longer valid. */
  releaseLarge(): void {
    if (this.#room.length > SMALL_BYTES) this.#room = released(this.#room);
    if (this.#opened.length > SMALL_BYTES) this.#opened = released(this.#opened);
  }

  /**
   * Into the first bytes of `room`; `length` says how many. Throws `REPOSITORY_SELF_CHECK` when what
   * was sealed does not open to what was put in.
   */
  sealInto(
    room: Uint8Array,
    { type, id, plaintext }: PlainBlob,
  ): { length: number; uncompressedLength?: number } {
    const { master } = this.#settings;
    const compress = modeFor(this.#settings, type);
    const result = sealBlobInto(room, { master, plaintext, id, compress, nonce: this.#nonce() });
    const sealed = room.subarray(0, result.length);
    try {
      openBlobInto(this.#target(plaintext.length), { master, id, sealed, ...result });
    } catch (cause) {
      throw new KeepsakeError('REPOSITORY_SELF_CHECK', { what: `blob ${id}` }, { cause });
    }
    return result;
  }

  /** Each is given out once. */
  #nonce(): Uint8Array {
    if (this.#noncesUsed === this.#nonces.length) {
      this.#nonces = this.#random(NONCES_AT_ONCE * NONCE_BYTES);
      this.#noncesUsed = 0;
    }
    const start = this.#noncesUsed;
    this.#noncesUsed += NONCE_BYTES;
    return this.#nonces.subarray(start, this.#noncesUsed);
  }

  #target(sizeBytes: number): Uint8Array {
    const kept = (this.#opened = withRoom(this.#opened, sizeBytes));
    if (kept.length < sizeBytes) return Buffer.allocUnsafeSlow(sizeBytes);
    return kept.subarray(0, sizeBytes);
  }
}

/** Memory for so many bytes, the old one if it is large enough; none is kept for huge blobs. */
function withRoom(memory: Uint8Array, neededBytes: number): Uint8Array {
  if (memory.length >= neededBytes || neededBytes > KEPT_BYTES) return memory;
  return Buffer.allocUnsafeSlow(Math.min(KEPT_BYTES, Math.max(SMALLEST_BYTES, 2 * neededBytes)));
}

function released(memory: Uint8Array): Uint8Array {
  releaseMemory(memory);
  return new Uint8Array(0);
}
