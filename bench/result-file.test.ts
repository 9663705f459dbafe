import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { mergeSaved, readPart, withEntry, writePart, type Origin } from './result-file.ts';

const origin: Origin = { build: 'b1', commit: 'c1', facts: ['one machine'], runs: 5 };
const sitting = { startedAt: '2026-11-24T08:00:00Z', loadAverage: 0.1, busyShare: 0, createUs: 40 };
const first = withEntry(mergeSaved(undefined, 'A', { origin, sitting }), 'restic, run 1', 7);

test('results of the same build on the same machine are carried on', () => {
  const later = { ...sitting, startedAt: '2026-11-24T09:00:00Z' };
  const merged = mergeSaved({ ...first, complete: true }, 'A', { origin, sitting: later });
  expect(merged.entries).toEqual({ 'restic, run 1': 7 });
  expect(merged.sittings).toEqual([sitting, later]);
  expect(merged.complete).toBe(false);
});

test('results of another build or another machine are never mixed in', () => {
  for (const other of [{ build: 'b2' }, { facts: ['another machine'] }]) {
    const merged = mergeSaved(first, 'A', { origin: { ...origin, ...other }, sitting });
    expect(merged.entries).toEqual({});
    expect(merged.sittings).toEqual([sitting]);
  }
});

test('the number of runs is that of the longer run', () => {
  const merged = mergeSaved(first, 'A', { origin: { ...origin, runs: 1 }, sitting });
  expect(merged.runs).toBe(5);
});

test('what was written is read back, and a part never measured is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-results-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writePart(folder, first);
  expect(readPart(folder, 'A')).toEqual(first);
  expect(readPart(folder, 'B')).toBeUndefined();
});
