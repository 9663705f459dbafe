/** How long a restore will take, told from those that were made here, drills among them. */
import type { RunRecord } from './run-record.ts';

/** Of the last so many: machines, disks and databases change. */
const LAST = 5;
const LEAST_MS = 1000;

/**
 * Milliseconds for as many bytes, the median of the last ones; `undefined` when there is none. `runs`
 * as `readRuns` gives them, newest first.
 */
export function expectedRestoreMs(
  runs: readonly RunRecord[],
  sizeBytes: number,
): number | undefined {
  const rates = runs
    .flatMap((run) => {
      const durationMs = restoreTime(run);
      const { sizeBytes: bytes = 0 } = run;
      return durationMs === undefined || bytes === 0 ? [] : [durationMs / bytes];
    })
    .slice(0, LAST)
    .sort((a, b) => a - b);
  const median = rates[Math.floor(rates.length / 2)];
  return median === undefined ? undefined : Math.max(LEAST_MS, median * sizeBytes);
}

/** By its steps: the whole run may hold the wait for an answer, or the start of a copy. */
function restoreTime({ verb, outcome, steps = [] }: RunRecord): number | undefined {
  if (!['restore', 'drill'].includes(verb) || outcome === 'failed') return undefined;
  const done = steps.filter(({ name }) => name === 'restore' || name === 'verify');
  if (done.length === 0) return undefined;
  return done.reduce((sum, step) => sum + step.durationMs, 0);
}
