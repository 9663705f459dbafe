/** The main thread's side of the sealing worker. */
import { Worker } from 'node:worker_threads';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { siblingModule } from '../base/sibling-module.ts';
import { SEAL_OVERHEAD_BYTES } from '../format/crypto.ts';
import type { BlobType } from './blob-index.ts';
import type { SealedBlob, SealSettings } from './blob-sealer.ts';
import type { SealAnswer, SealBatch } from './seal-protocol.ts';

/** Blobs travel in company: a message costs as much as sealing a page. */
const BATCH_BYTES = 256 * 1024;
/** Young objects die at once here; a large nursery would only hold memory (Node's default: 16). */
const NURSERY_MB = 2;

interface Waiting {
  readonly id: string;
  readonly resolve: (blob: SealedBlob) => void;
  readonly reject: (reason: unknown) => void;
}

interface OpenBatch {
  readonly items: { type: BlobType; id: string; length: number }[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly waiting: Waiting[];
  length: number;
}

export class SealWorker implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #sent: Waiting[][] = [];
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #open: OpenBatch | undefined;
  #failure: { reason: unknown } | undefined;
  #pendingBytes = 0;

  constructor(settings: SealSettings) {
    this.#worker = new Worker(siblingModule(import.meta.url, './seal-worker-main'), {
      workerData: settings,
      resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
    });
    this.#worker.on('message', (answer: SealAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the sealing worker ended')));
    this.#worker.unref(); // a command that failed elsewhere must not wait for it
  }

  /** Plaintext bytes handed over and not yet back. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Copies `plaintext` before it returns. */
  seal(type: BlobType, id: string, plaintext: Uint8Array): Promise<SealedBlob> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    const { length } = plaintext;
    if (this.#open !== undefined && this.#open.length + length > this.#open.bytes.length) {
      this.flush();
    }
    const batch = (this.#open ??= this.#newBatch(length));
    batch.bytes.set(plaintext, batch.length);
    batch.length += length;
    batch.items.push({ type, id, length });
    this.#pendingBytes += length;
    const { promise, resolve, reject } = Promise.withResolvers<SealedBlob>();
    batch.waiting.push({ id, resolve, reject });
    if (batch.length === batch.bytes.length) this.flush();
    return promise;
  }

  flush(): void {
    const batch = this.#open;
    if (batch === undefined) return;
    this.#open = undefined;
    this.#sent.push(batch.waiting);
    const message: SealBatch = { items: batch.items, bytes: batch.bytes };
    this.#worker.ref();
    this.#worker.postMessage(message, [batch.bytes.buffer]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new Error('the sealing worker was stopped'));
    await this.#worker.terminate();
  }

  #newBatch(firstLength: number): OpenBatch {
    const spare = firstLength <= BATCH_BYTES ? this.#spare.pop() : undefined;
    const bytes = spare ?? new Uint8Array(new ArrayBuffer(Math.max(firstLength, BATCH_BYTES)));
    return { items: [], bytes, waiting: [], length: 0 };
  }

  #take(answer: SealAnswer): void {
    if (this.#failure !== undefined) return; // stopped: nobody waits for it any more
    const waiting = this.#sent.shift();
    assertInternal(waiting, 'the sealing worker answered unasked');
    if (this.#sent.length === 0) this.#worker.unref();
    if (answer.kind === 'failed') {
      const what = `blob ${answer.id}`;
      this.#sent.unshift(waiting);
      this.#fail(new KeepsakeError('REPOSITORY_SELF_CHECK', { what }));
      return;
    }
    if (answer.spent.length === BATCH_BYTES) this.#spare.push(answer.spent);
    this.#settle(waiting, answer);
  }

  #settle(waiting: readonly Waiting[], { items, bytes }: SealAnswer & { kind: 'sealed' }): void {
    let at = 0;
    for (const [index, { length, uncompressedLength }] of items.entries()) {
      const sealed = bytes.subarray(at, at + length);
      at += length;
      this.#pendingBytes -= uncompressedLength ?? length - SEAL_OVERHEAD_BYTES;
      const { id, resolve } = waiting[index] ?? {};
      assertInternal(id !== undefined && resolve, 'the sealing worker answered with too many');
      resolve({ id, sealed, ...(uncompressedLength === undefined ? {} : { uncompressedLength }) });
    }
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    const open = this.#open?.waiting ?? [];
    this.#open = undefined;
    for (const { reject } of [...this.#sent.splice(0).flat(), ...open]) reject(reason);
  }
}
