/**
 * Seals in this thread and, once there is enough to do, in one worker besides: two cores' worth of
 * work for the memory of one more V8. The worker is kept busy; what does not fit into its short
 * queue this thread does itself instead of waiting.
 */
import type { Random } from '../base/clock.ts';
import { siblingModule } from '../base/sibling-module.ts';
import {
  ThreadSealer,
  type BlobSealer,
  type Deliver,
  type PlainBlob,
  type SealSettings,
} from './blob-sealer.ts';
import type { Parcel } from './seal-protocol.ts';
import { SealWorker } from './seal-worker.ts';

/** Starting the worker takes about 50 ms of a core: less than this is not worth it. */
const WORKER_FROM_BYTES = 2 << 20;
/** Two batches under way and one being filled keep the worker from ever waiting. */
const WORKER_QUEUE_BYTES = 768 * 1024;
/** Fewer run out while this thread does a batch itself: a first backup of B took a tenth longer with 3. */
const WORKER_TASKS = 6;

export interface SharedSealerOptions {
  readonly settings: SealSettings;
  readonly random: Random;
  /** The worker's module, if it is to do more than to seal: path of one that calls `serveSealing`. */
  readonly workerModule?: string | undefined;
  /** Half the speed for the memory of one V8 less. */
  readonly alone?: boolean | undefined;
}

export class SharedSealer implements BlobSealer {
  readonly #options: SharedSealerOptions;
  readonly #module: string;
  #worker: SealWorker | undefined;
  #seenBytes = 0;
  /** For this thread's share of the work. */
  readonly here: ThreadSealer;

  constructor(options: SharedSealerOptions) {
    this.#options = options;
    this.#module = options.workerModule ?? siblingModule(import.meta.url, './seal-worker-main');
    this.here = new ThreadSealer(options.settings, options.random);
  }

  seal(blob: PlainBlob, deliver: Deliver): void | Promise<void> {
    const worker = this.#workerFor(blob.plaintext.length);
    if (worker !== undefined && worker.pendingBytes < WORKER_QUEUE_BYTES) {
      return worker.seal(blob, deliver);
    }
    deliver(this.here.seal(blob));
    if (this.#options.alone === true) this.here.releaseLarge();
  }

  /** So much will come soon. */
  expect(sizeBytes: number): void {
    if (this.#isWorth(this.#seenBytes + sizeBytes)) this.#startedWorker();
  }

  /**
   * Hands work to the worker's module; `undefined` where it has enough to do, or is none.
   *
   * @param workBytes as if so much were to be sealed
   */
  run(task: Parcel<unknown>, workBytes: number): Promise<unknown> | undefined {
    const worker = this.#workerFor(workBytes);
    if (worker === undefined || worker.pendingRequests >= WORKER_TASKS) return undefined;
    return worker.run(task);
  }

  flush(): void {
    this.#worker?.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#seenBytes = 0;
    await worker?.[Symbol.asyncDispose]();
  }

  #workerFor(sizeBytes: number): SealWorker | undefined {
    this.#seenBytes += sizeBytes;
    return this.#isWorth(this.#seenBytes) ? this.#startedWorker() : this.#worker;
  }

  #isWorth(sizeBytes: number): boolean {
    return this.#options.alone !== true && sizeBytes > WORKER_FROM_BYTES;
  }

  #startedWorker(): SealWorker {
    return (this.#worker ??= new SealWorker(this.#options.settings, this.#module));
  }
}
