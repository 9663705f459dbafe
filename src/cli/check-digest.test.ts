import { expect, test } from 'vitest';
import type { CheckProblem } from '../repository/check-problem.ts';
import { CheckDigest } from './check-digest.ts';

const hurtFile = (name: number): CheckProblem => ({
  kind: 'content-missing',
  path: `/uploads/${name}`,
  blobs: ['a'],
});

test('of each kind the first few are shown, and the others counted by their kind', () => {
  const digest = new CheckDigest();
  const pack: CheckProblem = { kind: 'pack-missing', pack: 'b', blobCount: 2000 };
  const files = Array.from({ length: 2000 }, (_, name) => hurtFile(name));
  expect([pack, ...files].filter((problem) => digest.admits(problem))).toEqual([
    pack,
    ...files.slice(0, 3),
  ]);
  expect([...digest.rest()]).toEqual([
    { isNote: false, line: 'and 1,997 more files without all of their data (-v names all)' },
  ]);
});

test('hurt snapshots are named longer, because the others are the ones to restore', () => {
  const digest = new CheckDigest();
  const snapshots = Array.from({ length: 11 }, (_, at): CheckProblem => {
    return { kind: 'snapshot-hurt', snapshot: `${at}`, time: '', paths: ['/a'], pathCount: 1 };
  });
  expect(snapshots.filter((problem) => digest.admits(problem))).toHaveLength(10);
  expect([...digest.rest()].map(({ line }) => line)).toEqual([
    'and 1 more snapshot hurt (-v names all)',
  ]);
});
