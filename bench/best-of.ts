/** Times small pieces of work in this process. */
export interface BestOfOptions {
  readonly batchMs: number;
  readonly batches?: number;
}

/**
 * Microseconds each of `works` takes once, in the best of several batches. The batches take turns,
 * so that a slow spell of the machine meets all of them.
 */
export function bestOf(
  works: readonly (() => unknown)[],
  { batchMs, batches = 7 }: BestOfOptions,
): number[] {
  const counts = works.map((work) => calibrate(work, batchMs));
  const best = works.map(() => Infinity);
  for (let batch = 0; batch < batches; batch += 1) {
    for (const [at, work] of works.entries()) {
      const count = counts[at] ?? 1;
      best[at] = Math.min(best[at] ?? Infinity, (timeMs(work, count) * 1000) / count);
    }
  }
  return best;
}

/** How many make a batch; warms the code up besides. */
function calibrate(work: () => unknown, batchMs: number): number {
  let count = 1;
  for (;;) {
    const tookMs = timeMs(work, count);
    if (tookMs >= batchMs / 2) return Math.max(1, Math.round((count * batchMs) / tookMs));
    count *= 2;
  }
}

function timeMs(work: () => unknown, count: number): number {
  const startedMs = performance.now();
  for (let at = 0; at < count; at += 1) work();
  return performance.now() - startedMs;
}
