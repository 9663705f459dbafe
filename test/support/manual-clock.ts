import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/base/clock.ts';

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** Time that stands still until the test moves it on: sleeps wait for `advance`. */
export class ManualClock implements Clock {
  #nowMs: number;
  /** A machine that sleeps moves the wall clock on and not this one. */
  #monotonicMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.#nowMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(durationMs: number, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { wakeAtMs: this.#monotonicMs + durationMs, wake: resolve };
    this.#sleepers.add(sleeper);
    signal?.addEventListener('abort', () => {
      this.#sleepers.delete(sleeper);
      reject(signal.reason as Error);
    });
    return promise;
  }

  /** Wakes whoever wanted to wake by then, each at its own time, and lets them go on. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#monotonicMs + durationMs;
    for (;;) {
      await letOthersRun();
      const due = [...this.#sleepers].filter(({ wakeAtMs }) => wakeAtMs <= endMs);
      const [next] = due.sort((a, b) => a.wakeAtMs - b.wakeAtMs);
      if (next === undefined) break;
      this.#moveTo(Math.max(next.wakeAtMs, this.#monotonicMs));
      this.#sleepers.delete(next);
      next.wake();
    }
    this.#moveTo(endMs);
    await letOthersRun();
  }

  /** The machine was asleep: only the wall clock went on. */
  suspend(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  /** Moves on until `work` is done. */
  async run<T>(work: Promise<T>, stepMs = 50): Promise<T> {
    const state = { done: false };
    const end = () => {
      state.done = true;
    };
    work.then(end, end);
    await letOthersRun();
    while (!state.done) await this.advance(stepMs);
    return work;
  }

  #moveTo(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

/** Storage in memory answers within a few turns of the event loop. */
async function letOthersRun(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await setImmediate();
}
