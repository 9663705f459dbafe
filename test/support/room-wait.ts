import type { Clock } from '../../src/base/clock.ts';

/** As in `change-steps.ts`. */
const ROOM_PAUSE_MS = 500;

/** A disk that is full stays so: the time that is waited for room passes at once. */
export function withoutWaitForRoom(clock: Clock): Clock {
  let skippedMs = 0;
  return {
    ...clock,
    monotonicMs: () => clock.monotonicMs() + skippedMs,
    sleep(durationMs, options) {
      if (durationMs !== ROOM_PAUSE_MS) return clock.sleep(durationMs, options);
      skippedMs += durationMs;
      return Promise.resolve();
    },
  };
}
