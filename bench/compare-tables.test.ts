import { expect, test } from 'vitest';
import { medianOf, renderComparison } from './compare-tables.ts';
import type { SavedPart } from './result-file.ts';
import type { ActResults, Round } from './round.ts';
import type { ToolName } from './tools.ts';

const time = (tool: ToolName, wallMs: number, addedBytes: number): Round => ({
  tool,
  memory: false,
  lowMemory: false,
  acts: { 'first backup': { wallMs, addedBytes } },
});

const looked = (tool: ToolName, acts: ActResults, lowMemory = false): Round => ({
  tool,
  memory: true,
  lowMemory,
  acts,
});

const about = { databaseBytes: 16e6, uploads: 17_135, uploadBytes: 155e6 };

const savedA = (rounds: readonly Round[]): SavedPart => ({
  part: 'A',
  build: 'b',
  commit: 'c',
  facts: [],
  runs: 3,
  complete: true,
  sittings: [],
  entries: { about, ...Object.fromEntries(rounds.map((round, at) => [`round ${at}`, round])) },
});

test('the ratio of the medians stands beside its goal', () => {
  const { markdown, verdicts } = renderComparison(
    'A',
    savedA([
      time('restic', 1000, 50e6),
      time('restic', 9000, 50e6),
      time('restic', 2000, 50e6),
      time('keepsake', 1000, 60e6),
    ]),
  );
  expect(markdown).toContain('### A: 16 MB database, 17,135 uploads of 155 MB');
  expect(markdown).toContain('| first backup, time | 2.00 s | 1.00 s | 0.50 | ≤ 0.8 met |');
  expect(markdown).toContain(
    '| first backup, bytes stored | 50 MB | 60 MB | 1.20 | ≤ 1.05 **missed** |',
  );
  expect(verdicts.map(({ met }) => met)).toEqual([true, false]);
});

test('a day with new uploads has a table of its own, the folder listings apart', () => {
  const day = (tool: ToolName, addedBytes: number, addedTreeBytes: number): Round => ({
    ...time(tool, 1, 1),
    acts: { 'after a day with 20 uploads': { wallMs: 1200, addedBytes, addedTreeBytes } },
  });
  const rounds = [day('restic', 6.8e6, 1.3e6), day('keepsake', 1.7e6, 1.2e6)];
  const { markdown } = renderComparison('A', savedA(rounds));
  expect(markdown).toContain('bytes stored | 6.80 MB | 1.70 MB | 0.25 | ≤ 0.4 met |');
  expect(markdown).toContain('folder listings | 1.30 MB | 1.20 MB | 0.92 |  |');
});

test('a round measured for memory gives no time, and a time round no memory', () => {
  const peak = { wallMs: 99_000, addedBytes: 0, peakPssBytes: 70e6 };
  const rounds = [time('keepsake', 1000, 1), looked('keepsake', { 'first backup': peak })];
  expect(medianOf(rounds, 'keepsake', { act: 'first backup', fact: 'wall' })).toBe(1000);
  expect(medianOf(rounds, 'keepsake', { act: 'first backup', fact: 'memory' })).toBeUndefined();
});

test('memory is judged in bytes, with --low-memory by a lower goal', () => {
  const peak = (peakPssBytes: number) => ({ wallMs: 1, addedBytes: 0, peakPssBytes });
  const { markdown, verdicts } = renderComparison(
    'A',
    savedA([
      looked('restic', { restore: peak(300e6) }),
      looked('keepsake', { restore: peak(190e6) }),
      looked('keepsake', { restore: peak(130e6) }, true),
    ]),
  );
  expect(markdown).toContain('| restore | 300 MB | 190 MB | ≤ 200 MB met |');
  expect(markdown).toContain('| restore, `--low-memory` |  | 130 MB | ≤ 128 MB **missed** |');
  expect(verdicts.map(({ met }) => met)).toEqual([true, false]);
});
