import { expect, test } from 'vitest';
import { bestOf } from './best-of.ts';
import { renderInPlace } from './in-place-part.ts';
import { renderLargeMemory } from './memory-part.ts';
import type { PartName } from './part-names.ts';
import type { SavedPart } from './result-file.ts';
import { renderSealing } from './sealing-part.ts';
import { renderStartup } from './startup-part.ts';

const saved = (part: PartName, entries: Record<string, unknown>): SavedPart => ({
  part,
  build: 'b',
  commit: 'c',
  facts: [],
  runs: 1,
  complete: true,
  sittings: [],
  entries,
});

test('start-up is judged by the medians against bare node', () => {
  const { markdown, verdicts } = renderStartup(
    saved('startup', {
      times: [
        { command: 'node -e 0', wallMs: [40, 50, 900] },
        { command: 'keepsake --version', wallMs: [90, 105, 110] },
      ],
    }),
  );
  expect(markdown).toContain(
    '| `keepsake --version` | 90 ms | 105 ms | 2.10 | ≤ 2.00 **missed** |',
  );
  expect(verdicts).toHaveLength(1);
});

test('memory on much data is judged for every command', () => {
  const acts = { restore: { wallMs: 1, addedBytes: 0, peakPssBytes: 201e6 } };
  const { markdown, verdicts } = renderLargeMemory(
    'memory-4GB',
    saved('memory-4GB', {
      about: { databaseBytes: 330e6, uploads: 3700, uploadBytes: 3.7e9 },
      one: { tool: 'keepsake', memory: true, lowMemory: false, acts },
    }),
  );
  expect(markdown).toContain('### Memory: 330 MB database, 3,700 files of 3.70 GB');
  expect(markdown).toContain('| restore | 201 MB | ≤ 200 MB **missed** |');
  expect(verdicts.map(({ met }) => met)).toEqual([false]);
});

test('of restores in place the middle one is judged', () => {
  const restores = [90, 310, 320].map((downtimeMs) => ({ downtimeMs, wallMs: 4000 }));
  const { markdown, verdicts } = renderInPlace(saved('in-place', { restores }));
  expect(markdown).toContain('| 310 ms | 320 ms | ≤ 300 ms **missed** |');
  expect(verdicts.map(({ met }) => met)).toEqual([false]);
});

test('the cost of verification is what it adds', () => {
  const { markdown, verdicts } = renderSealing(
    saved('sealing', {
      verification: [{ what: 'a page', bareUs: 40, verifiedUs: 60 }],
      throughput: [{ what: 'Rabin', megabytesPerSecond: 149, goal: 150 }],
    }),
  );
  expect(markdown).toContain('| a page | 40.0 µs | 60.0 µs | 50 % |');
  expect(markdown).toContain('| Rabin | 149 MB/s | ≥ 150 MB/s **missed** |');
  expect(verdicts[0]?.met).toBe(false);
});

test('of two pieces of work the longer one takes longer', () => {
  const spin = (turns: number) => () => {
    let sum = 0;
    for (let at = 0; at < turns; at += 1) sum += Math.sqrt(at);
    return sum;
  };
  const [short = NaN, long = NaN] = bestOf([spin(1000), spin(10_000)], { batchMs: 2 });
  expect(long / short).toBeGreaterThan(3);
});
