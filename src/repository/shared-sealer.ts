/**
 * Seals in this thread and, once there is enough to do, in one worker besides: two cores' worth of
 * work for the memory of one more V8. The worker is kept busy; what does not fit into its short
 * queue this thread does itself instead of waiting.
 */
import type { Random } from '../base/clock.ts';
import type { BlobType } from './blob-index.ts';
import {
  sealVerified,
  type BlobSealer,
  type SealedBlob,
  type SealSettings,
} from './blob-sealer.ts';
import { SealWorker } from './seal-worker.ts';

/** Starting the worker takes about 50 ms of a core: less than this is not worth it. */
const WORKER_FROM_BYTES = 2 << 20;
/** Two batches under way and one being filled keep the worker from ever waiting. */
const WORKER_QUEUE_BYTES = 768 * 1024;

export function createSharedSealer(settings: SealSettings, random: Random): BlobSealer {
  return new SharedSealer(settings, random);
}

class SharedSealer implements BlobSealer {
  readonly #settings: SealSettings;
  readonly #random: Random;
  #worker: SealWorker | undefined;
  #sealedBytes = 0;

  constructor(settings: SealSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  seal(type: BlobType, id: string, plaintext: Uint8Array): SealedBlob | Promise<SealedBlob> {
    this.#sealedBytes += plaintext.length;
    if (this.#sealedBytes > WORKER_FROM_BYTES) {
      this.#worker ??= new SealWorker(this.#settings);
      if (this.#worker.pendingBytes < WORKER_QUEUE_BYTES) {
        return this.#worker.seal(type, id, plaintext);
      }
    }
    return sealVerified(this.#settings, { type, id, plaintext }, this.#random);
  }

  flush(): void {
    this.#worker?.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#sealedBytes = 0;
    await worker?.[Symbol.asyncDispose]();
  }
}
