import { expect, test } from 'vitest';
import { mergeSaved, withEntry, type SavedPart } from './result-file.ts';
import { runPart } from './run-part.ts';

const origin = { build: 'b', commit: 'c', facts: [], runs: 1 };
const sitting = { startedAt: '', loadAverage: 0, busyShare: 0, createUs: 40 };
const begun = mergeSaved(undefined, 'B', { origin, sitting });

/** Jobs take 10 seconds each by a clock of their own. */
function lab(keys: readonly string[]) {
  let nowMs = 0;
  const saves: SavedPart[] = [];
  const ran: string[] = [];
  const jobs = keys.map((key) => ({
    key,
    async run() {
      nowMs += 10_000;
      ran.push(key);
      return `result of ${key}`;
    },
  }));
  const options = {
    save: (saved: SavedPart) => void saves.push(saved),
    say: () => {},
    now: () => nowMs,
  };
  return { jobs, saves, ran, options };
}

test('every result is saved before the next job begins', async () => {
  const { jobs, saves, options } = lab(['x', 'y']);
  const done = await runPart(begun, jobs, { ...options, deadlineMs: Infinity });
  expect(saves.map(({ entries }) => Object.keys(entries).join())).toEqual(['x', 'x,y', 'x,y']);
  expect(saves.map(({ complete }) => complete)).toEqual([false, false, true]);
  expect(done.entries).toEqual({ x: 'result of x', y: 'result of y' });
});

test('a job whose result is there is not run again', async () => {
  const { jobs, ran, options } = lab(['x', 'y']);
  await runPart(withEntry(begun, 'x', 'old'), jobs, { ...options, deadlineMs: Infinity });
  expect(ran).toEqual(['y']);
});

test('no job begins that would outlast the time limit', async () => {
  const { jobs, ran, options } = lab(['x', 'y', 'z']);
  const done = await runPart(begun, jobs, { ...options, deadlineMs: 25_000 });
  expect(ran).toEqual(['x', 'y']);
  expect(done.complete).toBe(false);
});
