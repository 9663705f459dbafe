/** The only place where time and chance enter: everything else is handed a `Clock` or `Random`. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  now(): Date;
  /** Milliseconds that only go forward; the zero point means nothing. */
  monotonicMs(): number;
  /** Rejects with `signal.reason` when aborted. */
  sleep(durationMs: number, options?: { signal?: AbortSignal | undefined }): Promise<void>;
}

export type Random = (lengthBytes: number) => Uint8Array;

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  async sleep(durationMs, { signal } = {}) {
    try {
      await delay(durationMs, undefined, { signal });
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};

export const systemRandom: Random = (lengthBytes) => randomBytes(lengthBytes);
