/** Runs the jobs of a part that have no result yet, and saves after each. */
import type { Job } from './part.ts';
import { withEntry, type SavedPart } from './result-file.ts';

export interface RunPartOptions {
  readonly save: (saved: SavedPart) => void;
  readonly say: (line: string) => void;
  readonly now: () => number;
  /** No job begins that would probably end later than this (by `now`). */
  readonly deadlineMs: number;
}

/** `complete` in what comes back says whether a result of every job is there. */
export async function runPart(
  begun: SavedPart,
  jobs: readonly Job[],
  { save, say, now, deadlineMs }: RunPartOptions,
): Promise<SavedPart> {
  let saved = begun;
  let longestMs = 0;
  for (const job of jobs) {
    if (Object.hasOwn(saved.entries, job.key)) continue;
    if (now() + longestMs > deadlineMs) return saved;
    say(`${saved.part}: ${job.key}`);
    const startedMs = now();
    saved = withEntry(saved, job.key, await job.run());
    longestMs = Math.max(longestMs, now() - startedMs);
    save(saved);
  }
  saved = { ...saved, complete: true };
  save(saved);
  return saved;
}
