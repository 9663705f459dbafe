/**
 * Opens runs in one worker and, whenever the main thread would only wait for it, in this thread,
 * too: two cores' worth of work for the memory of one more V8. Whoever has other work to do leaves
 * the opening to the worker.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ownMemory, releaseMemory } from '../base/bytes.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { siblingModule } from '../base/sibling-module.ts';
import type { MasterKey } from '../format/crypto.ts';
import { openRun, type OpenedRun, type SealedRun } from './sealed-run.ts';

/** Starting the worker takes about 50 ms of a core: less than this is not worth it. */
const WORKER_FROM_BYTES = 4 << 20;
/** One in work and one waiting keep the worker from ever idling. */
const RUNS_WITH_WORKER = 2;
/** Young objects die at once here; a large nursery would only hold memory (Node's default: 16). */
const NURSERY_MB = 2;

export interface OpeningRun {
  /** To be called once. May do the work itself, or other work that is waiting. */
  result(): Promise<OpenedRun>;
}

interface Item {
  readonly run: SealedRun & { readonly bytes: Uint8Array<ArrayBuffer> };
  readonly opened: PromiseWithResolvers<OpenedRun>;
}

export class RunOpener implements AsyncDisposable {
  readonly #master: MasterKey;
  readonly #alone: boolean;
  /** Not yet begun, oldest first. */
  readonly #queue: Item[] = [];
  readonly #sent: Item[] = [];
  #worker: Worker | undefined;
  #submittedBytes = 0;
  #failure: { reason: unknown } | undefined;

  /** @param options `alone`: half the speed for the memory of one V8 less */
  constructor(master: MasterKey, { alone = false }: { alone?: boolean | undefined } = {}) {
    this.#master = master;
    this.#alone = alone;
  }

  /**
   * Says that about so many bytes will come, so that the worker starts while the index is still being
   * read, in which one thread alone is at work.
   */
  expect(sizeBytes: number): void {
    if (sizeBytes > WORKER_FROM_BYTES && availableParallelism() > 1 && !this.#alone) {
      this.#worker ??= this.#startWorker();
    }
  }

  /** `run.bytes` belongs to the opener from now on. */
  submit(run: SealedRun): OpeningRun {
    const item = {
      run: { ...run, bytes: ownMemory(run.bytes) },
      opened: Promise.withResolvers<OpenedRun>(),
    };
    item.opened.promise.catch(() => {}); // a run that nobody asks for any more may fail
    if (this.#failure === undefined) this.#queue.push(item);
    else item.opened.reject(this.#failure.reason);
    this.#submittedBytes += run.bytes.length;
    const isWorth = this.#submittedBytes > WORKER_FROM_BYTES && !this.#alone;
    if (isWorth) this.#worker ??= this.#startWorker();
    this.#send();
    return { result: () => this.#demand(item) };
  }

  /** What the worker is at is finished first: it may be writing to files that are open here. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= { reason: new Error('the opening worker was stopped') };
    for (const { opened } of this.#queue.splice(0)) opened.reject(this.#failure.reason);
    await Promise.allSettled(this.#sent.map(({ opened }) => opened.promise));
    await this.#worker?.terminate();
  }

  #demand(item: Item): Promise<OpenedRun> {
    const waiting = this.#queue.indexOf(item);
    if (waiting >= 0) this.#openHere(waiting);
    else if (this.#sent.includes(item) && this.#queue.length > 0) {
      this.#openHere(this.#queue.length - 1);
    }
    return item.opened.promise;
  }

  #openHere(index: number): void {
    const [item] = this.#queue.splice(index, 1);
    if (item === undefined) return;
    item.opened.resolve(openRun(this.#master, item.run));
    releaseMemory(item.run.bytes);
  }

  #send(): void {
    if (this.#worker === undefined || this.#failure !== undefined) return;
    while (this.#sent.length < RUNS_WITH_WORKER) {
      const item = this.#queue.shift();
      if (item === undefined) return;
      this.#sent.push(item);
      this.#worker.ref();
      this.#worker.postMessage(item.run, [item.run.bytes.buffer]);
    }
  }

  #take(opened: OpenedRun): void {
    const item = this.#sent.shift();
    assertInternal(item, 'the opening worker answered unasked');
    item.opened.resolve(opened);
    this.#send();
    if (this.#sent.length === 0) this.#worker?.unref();
  }

  #startWorker(): Worker {
    const worker = new Worker(siblingModule(import.meta.url, './open-worker-main'), {
      workerData: this.#master,
      resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
    });
    worker.on('message', (opened: OpenedRun) => this.#take(opened));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('the opening worker ended')));
    worker.unref(); // a command that failed elsewhere must not wait for it
    return worker;
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    for (const { opened } of [...this.#sent.splice(0), ...this.#queue.splice(0)]) {
      opened.reject(reason);
    }
  }
}
