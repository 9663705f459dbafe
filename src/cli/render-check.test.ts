import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { CheckNews, CheckVerdict } from '../operations/check.ts';
import type { CheckProblem } from '../repository/check-problem.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { localTime } from '../base/local-time.ts';
import { CheckRenderer } from './render-check.ts';
import { Output } from './output.ts';

// Whatever the time zone here is, nobody's.
const TIME = '2026-01-02T03:04:05+13:37';
const [LOST, KEPT] = ['a1b2c3d4'.repeat(8), '5e6f7a8b'.repeat(8)];

function stored(id: string, time: string): StoredSnapshot {
  return { id, snapshot: { time, tree: id, paths: ['/srv'] } };
}

const problems: CheckProblem[] = [
  { kind: 'pack-missing', pack: 'p'.repeat(64), blobCount: 300 },
  ...Array.from({ length: 300 }, (_, at): CheckProblem => {
    return { kind: 'content-missing', path: `/srv/${at}`, blobs: ['b'] };
  }),
  {
    kind: 'snapshot-hurt',
    snapshot: LOST,
    time: TIME,
    paths: ['/srv/0', '/srv/1'],
    pathCount: 300,
  },
];

function verdict(fields: Partial<CheckVerdict>): CheckVerdict {
  const counts = { snapshotCount: 2, treeCount: 9, packCount: 3, packsRead: 3, bytesRead: 9 };
  return { ...counts, errorCount: 302, noteCount: 0, whole: [], newestWhole: undefined, ...fields };
}

/** All that a person sees, or a program reads. */
function rendered(summary: CheckVerdict, options: { json?: boolean; verbosity?: number } = {}) {
  const lines: string[] = [];
  const write = (data: string | Uint8Array): void => void lines.push(String(data).trimEnd());
  const stdout = { write, drained: async () => {}, flushed: async () => {} };
  const { json = false, verbosity = 0 } = options;
  const clock = new FakeClock();
  const output = new Output({ stdout, stderr: { write }, json, verbosity, color: false, clock });
  const renderer = new CheckRenderer(output);
  const news: CheckNews[] = problems.map((problem) => ({ type: 'problem', problem }));
  for (const event of [...news, { type: 'summary', summary } as const]) renderer.take(event);
  return lines;
}

test('one lost pack that hurts hundreds of files is a screenful, with the way forward at its end', () => {
  const kept = stored(KEPT, '2026-01-02T03:04:05Z');
  const lines = rendered(verdict({ whole: [kept], newestWhole: kept }));
  expect(lines).toHaveLength(13);
  expect(lines[0]).toMatch(/^error: pack p+ is missing, with 300 pieces$/);
  expect(lines[3]).toBe('error: file /srv/2 lacks 1 piece (b…)');
  expect(lines[4]).toMatch(
    /^error: snapshot a1b2c3d4 of [\d-]{10} [\d:]{8} is hurt in 300 places: \/srv\/0, \/srv\/1, …$/,
  );
  expect(lines[4]).toContain(` of ${localTime(TIME)} is`);
  expect(lines[5]).toBe('error: and 297 more files without all of their data (-v names all)');
  expect(lines.slice(-6)).toEqual([
    expect.stringMatching(/^302 errors found/),
    expect.stringMatching(/^whole: 1 of 2 snapshots; the newest complete one is of 2026-01-0/),
    '  keepsake restore 5e6f7a8b',
    'next: keepsake repair index',
    'then: keepsake backup',
    'then: keepsake repair snapshots',
  ]);
});

test('where no complete snapshot is whole, that is said with what can still be done', () => {
  expect(rendered(verdict({})).join('\n')).toContain('keepsake restore ID --target DIR');
});

test('-v and --json name every hurt file', () => {
  const files = (lines: readonly string[]) => lines.filter((line) => /file \/srv\//.test(line));
  expect(files(rendered(verdict({}), { verbosity: 1 }))).toHaveLength(300);
  expect(files(rendered(verdict({}), { json: true }))).toHaveLength(300);
});
