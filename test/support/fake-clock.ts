import type { Clock } from '../../src/base/clock.ts';

/** Time that stands still unless somebody sleeps: a sleep ends at once and moves it on. */
export class FakeClock implements Clock {
  /** Every sleep, in milliseconds. */
  readonly sleeps: number[] = [];
  #nowMs: number;

  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.#nowMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  advance(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  async sleep(durationMs: number, { signal }: { signal?: AbortSignal | undefined } = {}) {
    signal?.throwIfAborted();
    this.sleeps.push(durationMs);
    this.advance(durationMs);
  }
}
