import { expect, test } from 'vitest';
import { medianOf, renderTable } from './table.ts';
import type { RoundResult } from './round.ts';

const round = (wallMs: number, addedBytes: number): RoundResult => ({
  'first backup': { wallMs, addedBytes },
});

test('the ratio of the medians stands beside its goal', () => {
  const table = renderTable(
    'A',
    new Map([
      ['restic', [round(1000, 50e6), round(9000, 50e6), round(2000, 50e6)]],
      ['keepsake', [round(1000, 60e6)]],
    ]),
  );
  expect(table).toContain('| first backup, time | 2.00 s | 1.00 s | 0.50 | ≤ 0.8 met |');
  expect(table).toContain('| first backup, bytes stored | 50 MB | 60 MB | 1.20 | ≤ 1.05 missed |');
  expect(table).not.toContain('restore');
});

test('a round measured for memory gives no time', () => {
  const looked: RoundResult = {
    restore: { wallMs: 99_000, addedBytes: 0, peakPssBytes: 70e6 },
  };
  const rounds = [looked, { restore: { wallMs: 1000, addedBytes: 0 } }];
  expect(medianOf(rounds, 'restore', 'wall')).toBe(1000);
  expect(medianOf(rounds, 'restore', 'memory')).toBe(70e6);
});
