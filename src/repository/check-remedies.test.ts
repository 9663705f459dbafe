import { expect, test } from 'vitest';
import type { CheckProblem } from './check-problem.ts';
import { CheckRemedies } from './check-remedies.ts';

const UNLISTED: CheckProblem = { kind: 'pack-unreferenced', pack: 'a1', sizeBytes: 9 };
const HURT: CheckProblem = { kind: 'content-missing', path: '/a', blobs: ['b2'] };
const LOST: CheckProblem = { kind: 'pack-missing', pack: 'a1', blobCount: 1 };
const FLIPPED: CheckProblem = { kind: 'pack-damaged', pack: 'a1', why: '', blobCount: 1 };

const SNAPSHOTS = ['keepsake backup', 'keepsake repair snapshots'];

function remedies(...problems: CheckProblem[]): string[] {
  const found = new CheckRemedies();
  for (const problem of problems) found.add(problem);
  return found.list();
}

test('the index is repaired before snapshots are, and what the app has is stored anew in between', () => {
  expect(remedies(HURT, LOST)).toEqual(['keepsake repair index', ...SNAPSHOTS]);
  expect(remedies(LOST, FLIPPED)).toEqual(['keepsake repair index --read-data']);
});

test('what is missing while packs are in no index may lie in them: the index first', () => {
  expect(remedies(UNLISTED, HURT)).toEqual(['keepsake repair index', ...SNAPSHOTS]);
  expect(remedies(HURT)).toEqual(SNAPSHOTS);
});

test('where nothing is wrong, nothing is to be typed', () => {
  expect(remedies()).toEqual([]);
  expect(remedies(UNLISTED)).toEqual([]);
});
