import { expect, test } from 'vitest';
import type { GrowthFacts, GrowthRound } from './growth-steps.ts';
import { renderGrowth } from './growth-tables.ts';
import type { SavedPart } from './result-file.ts';

const facts = (factor: number): GrowthFacts => ({
  factor,
  databaseBytes: 16e6 * factor,
  uploads: 1000 * factor,
  uploadBytes: 9e6 * factor,
});

function round(factor: number, wallMs: number, day: { added: number; trees: number }): GrowthRound {
  const act = { wallMs, addedBytes: 1 };
  return {
    factor,
    tool: 'keepsake',
    memory: false,
    lowMemory: false,
    acts: {
      'first backup': act,
      'after a day': { wallMs, addedBytes: day.added, addedTreeBytes: day.trees },
    },
  };
}

const saved = (entries: readonly (GrowthFacts | GrowthRound)[]): SavedPart => ({
  part: 'growth-A',
  build: 'b',
  commit: 'c',
  facts: [],
  runs: 3,
  complete: true,
  sittings: [],
  entries: Object.fromEntries(entries.map((entry, at) => [String(at), entry])),
});

test('time that grows faster than the files do is a goal missed', () => {
  const day = { added: 1, trees: 0 };
  const linear = renderGrowth(
    'growth-A',
    saved([facts(1), round(1, 1000, day), facts(4), round(4, 4000, day)]),
  );
  expect(linear.markdown).toContain('| first backup | 1.00 s, 1.00 ms a file |');
  expect(linear.markdown).toContain('4.00 s, 1.00 ms a file: 1.00 met |');
  expect(linear.verdicts.every(({ met }) => met)).toBe(true);
  const steep = renderGrowth(
    'growth-A',
    saved([facts(1), round(1, 1000, day), facts(4), round(4, 6000, day)]),
  );
  expect(steep.markdown).toContain('1.50 ms a file: 1.50 **missed** |');
});

test('each further file is counted without what every command costs', () => {
  const day = { added: 1, trees: 0 };
  const { markdown } = renderGrowth(
    'growth-A',
    saved([facts(1), round(1, 2000, day), facts(4), round(4, 5000, day)]),
  );
  expect(markdown).toContain('| first backup, each further file |  | 1.00 ms |');
});

test('a day’s bytes are compared without the id lists, which may grow', () => {
  const { markdown, verdicts } = renderGrowth(
    'growth-A',
    saved([
      facts(1),
      round(1, 1000, { added: 500e3, trees: 100e3 }),
      facts(4),
      round(4, 4000, { added: 820e3, trees: 400e3 }),
    ]),
  );
  expect(markdown).toContain('| 4× | 64 MB | 0.82 MB | 0.40 MB | 0.42 MB | 1.05 | ≤ 1.20 met |');
  expect(verdicts.at(-1)?.met).toBe(true);
});
