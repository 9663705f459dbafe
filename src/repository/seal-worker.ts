/** The main thread's side of the sealing worker. */
import { Worker } from 'node:worker_threads';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { SEAL_OVERHEAD_BYTES } from '../format/crypto.ts';
import type { BlobType } from './blob-index.ts';
import type { Deliver, PlainBlob, SealSettings } from './blob-sealer.ts';
import type { Parcel, SealAnswer, SealRequest } from './seal-protocol.ts';

/** Blobs travel in company: a message costs as much as sealing a page. */
const BATCH_BYTES = 256 * 1024;
const BATCH_BLOBS = 256;
const ROOM_BYTES = BATCH_BYTES + BATCH_BLOBS * SEAL_OVERHEAD_BYTES;
/** Young objects die at once here; a large nursery would only hold memory (Node's default: 16). */
const NURSERY_MB = 2;

interface WaitingBlob extends PromiseWithResolvers<void> {
  readonly type: BlobType;
  readonly id: string;
  readonly length: number;
  readonly deliver: Deliver;
}

interface OpenBatch {
  readonly blobs: WaitingBlob[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly room: Uint8Array<ArrayBuffer>;
  length: number;
}

type Sent =
  | { readonly kind: 'batch'; readonly blobs: readonly WaitingBlob[] }
  | { readonly kind: 'task'; readonly done: PromiseWithResolvers<unknown> };

export class SealWorker implements AsyncDisposable {
  readonly #worker: Worker;
  /** Unanswered, oldest first. */
  readonly #sent: Sent[] = [];
  readonly #spare: Pick<OpenBatch, 'bytes' | 'room'>[] = [];
  #open: OpenBatch | undefined;
  #failure: { reason: unknown } | undefined;
  #pendingBytes = 0;

  /** @param module path of a module that calls `serveSealing` */
  constructor(settings: SealSettings, module: string) {
    this.#worker = new Worker(module, {
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

  /** Requests that are not yet answered. */
  get pendingRequests(): number {
    return this.#sent.length;
  }

  /** Copies the plaintext before it returns. */
  seal({ type, id, plaintext }: PlainBlob, deliver: Deliver): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    const { length } = plaintext;
    if (this.#open !== undefined && this.#open.length + length > this.#open.bytes.length) {
      this.flush();
    }
    const batch = (this.#open ??= this.#newBatch(length));
    batch.bytes.set(plaintext, batch.length);
    batch.length += length;
    this.#pendingBytes += length;
    const waiting = { type, id, length, deliver, ...Promise.withResolvers<void>() };
    batch.blobs.push(waiting);
    const isFull = batch.length === batch.bytes.length || batch.blobs.length === BATCH_BLOBS;
    if (isFull) this.flush();
    return waiting.promise;
  }

  /** Has the worker's module do something of its own. */
  run({ content, memory }: Parcel<unknown>): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    const done = Promise.withResolvers<unknown>();
    this.#send({ kind: 'task', task: content }, memory, { kind: 'task', done });
    return done.promise;
  }

  flush(): void {
    const batch = this.#open;
    if (batch === undefined) return;
    this.#open = undefined;
    const { blobs, bytes, room } = batch;
    const items = blobs.map(({ type, id, length }) => ({ type, id, length }));
    const request = { kind: 'seal', items, bytes, room } as const;
    this.#send(request, [bytes.buffer, room.buffer], { kind: 'batch', blobs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new Error('the sealing worker was stopped'));
    await this.#worker.terminate();
  }

  #send(request: SealRequest, memory: readonly ArrayBuffer[], sent: Sent): void {
    this.#sent.push(sent);
    this.#worker.ref();
    this.#worker.postMessage(request, [...memory]);
  }

  #newBatch(firstLength: number): OpenBatch {
    const spare = firstLength <= BATCH_BYTES ? this.#spare.pop() : undefined;
    const bytes = spare?.bytes ?? memory(Math.max(firstLength, BATCH_BYTES));
    const room = spare?.room ?? memory(Math.max(firstLength + SEAL_OVERHEAD_BYTES, ROOM_BYTES));
    return { blobs: [], bytes, room, length: 0 };
  }

  #take(answer: SealAnswer): void {
    if (this.#failure !== undefined) return; // stopped: nobody waits for it any more
    const sent = this.#sent[0];
    assertInternal(sent, 'the sealing worker answered unasked');
    if (answer.kind === 'failed') {
      this.#fail(new KeepsakeError('REPOSITORY_SELF_CHECK', { what: answer.what }));
      return;
    }
    this.#sent.shift();
    if (this.#sent.length === 0) this.#worker.unref();
    if (answer.kind === 'done') {
      assertInternal(sent.kind === 'task', 'the sealing worker answered out of turn');
      sent.done.resolve(answer.result);
      return;
    }
    assertInternal(sent.kind === 'batch', 'the sealing worker answered out of turn');
    this.#settle(sent.blobs, answer);
  }

  #settle(blobs: readonly WaitingBlob[], answer: SealAnswer & { kind: 'sealed' }): void {
    const { items, bytes, room } = answer;
    let at = 0;
    for (const [index, { id, length, deliver, resolve }] of blobs.entries()) {
      const item = items[index];
      assertInternal(item, 'the sealing worker answered with too few');
      const { uncompressedLength } = item;
      const sealed = room.subarray(at, at + item.length);
      at += item.length;
      this.#pendingBytes -= length;
      deliver({ id, sealed, ...(uncompressedLength === undefined ? {} : { uncompressedLength }) });
      resolve();
    }
    if (bytes.length === BATCH_BYTES) this.#spare.push({ bytes, room });
    else for (const { buffer } of [bytes, room]) buffer.transfer(0); // no waiting for the collector
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    const open = this.#open?.blobs ?? [];
    this.#open = undefined;
    for (const sent of this.#sent.splice(0)) {
      if (sent.kind === 'task') sent.done.reject(reason);
      else for (const { reject } of sent.blobs) reject(reason);
    }
    for (const { reject } of open) reject(reason);
  }
}

function memory(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(sizeBytes));
}
