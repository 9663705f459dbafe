import { expect, test } from 'vitest';
import { expectedRestoreMs } from './expected-restore.ts';
import type { RunRecord } from './run-record.ts';

const startedAt = new Date('2026-11-24T08:00:00Z');
const restore = (durationMs: number, sizeBytes = 1000): RunRecord => ({
  verb: 'restore',
  outcome: 'ok',
  startedAt,
  durationMs: durationMs + 600_000, // somebody was asked, and took their time
  sizeBytes,
  steps: [{ name: 'restore', durationMs }],
});

test('nothing is expected where nothing was restored', () => {
  expect(expectedRestoreMs([], 1000)).toBeUndefined();
  expect(expectedRestoreMs([{ ...restore(5000), verb: 'backup' }], 1000)).toBeUndefined();
  expect(expectedRestoreMs([{ ...restore(5000), outcome: 'failed' }], 1000)).toBeUndefined();
  expect(expectedRestoreMs([restore(5000, 0)], 1000)).toBeUndefined();
});

test('the time grows with the bytes, by the median of the last restores', () => {
  const runs = [3000, 90_000, 2000, 4000, 2500, 1, 1, 1].map((ms) => restore(ms));
  expect(expectedRestoreMs(runs, 1000)).toBe(3000);
  expect(expectedRestoreMs(runs, 2000)).toBe(6000);
  expect(expectedRestoreMs(runs, 1)).toBe(1000);
});

test('a drill counts by its restore and its verification', () => {
  const steps = [
    { name: 'restore', durationMs: 4000 },
    { name: 'verify', durationMs: 3000 },
    { name: 'start', durationMs: 60_000 },
  ];
  const drill: RunRecord = { ...restore(67_000), verb: 'drill', outcome: 'warning', steps };
  expect(expectedRestoreMs([drill], 1000)).toBe(7000);
});
