/** One attempt to read a database's pages while the gate holds the read lock, within its limit. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Clock } from '../base/clock.ts';
import { callGate, expectAnswer, releaseLock } from './gate-answer.ts';
import { lockRequest, refusalOf, type CopyOutcome, type GateCopyOptions } from './gate-copy.ts';
import { readRawImage, type RawStage } from './raw-image.ts';
import { RawReadDoubt } from './raw-wal.ts';
import { isDiskFull } from './scratch-image.ts';
import { unreadable } from './source-survey.ts';

export interface RawCopyOptions extends GateCopyOptions {
  atStage?: ((stage: RawStage) => Promise<void>) | undefined;
}

export async function copyRaw(options: RawCopyOptions): Promise<CopyOutcome> {
  const { gate, path, signal, survey, image, lockLimitMs } = options;
  const held = await callGate(gate, path, { kind: 'hold', ...lockRequest(options) }, { signal });
  const refusal = refusalOf(held);
  if (refusal !== undefined) return refusal;
  expectAnswer(held, 'held', path);
  using limit = new LockLimit(options);
  try {
    const state = await readRawImage({
      ...options,
      source: survey.path,
      image: image.path,
      signal: limit.signal,
    });
    const readLockMs = await releaseLock(options);
    return { kind: 'copied', method: 'raw', readLockMs, warnings: [], state };
  } catch (error) {
    if (error instanceof RawReadDoubt) {
      await releaseLock(options);
      return { kind: 'doubt' };
    }
    // Ends the lock at once, whatever the gate is at.
    await gate.kill(error);
    signal?.throwIfAborted();
    if (limit.isCauseOf(error)) return { kind: 'too-long', limitMs: lockLimitMs };
    if (isDiskFull(error)) throw await image.fullError(path, survey.main.sizeBytes);
    throw isKeepsakeError(error) ? error : unreadable(path, error);
  }
}

/** Aborts the reading when the lock has been held for too long, or when the caller does. */
export class LockLimit implements Disposable {
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #endsMs: number;
  readonly #done = new AbortController();

  constructor({
    clock,
    lockLimitMs,
    signal,
  }: Pick<RawCopyOptions, 'clock' | 'lockLimitMs' | 'signal'>) {
    const over = new AbortController();
    this.signal = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    this.#clock = clock;
    this.#endsMs = clock.monotonicMs() + lockLimitMs;
    clock.sleep(lockLimitMs, { signal: this.#done.signal }).then(
      () => over.abort(),
      () => {}, // read in time
    );
  }

  /** The gate also ends itself, should this process be too busy to notice the time. */
  isCauseOf(error: unknown): boolean {
    const isOver = this.#clock.monotonicMs() >= this.#endsMs;
    return isOver && (this.signal.aborted || isKeepsakeError(error, 'CAPTURE_GATE_DIED'));
  }

  [Symbol.dispose](): void {
    this.#done.abort();
  }
}
