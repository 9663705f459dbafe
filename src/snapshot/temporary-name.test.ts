import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { removeLeftovers, TemporaryNames } from './temporary-name.ts';

test('the names made here are the ones removed as leftovers, and no others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keepsake-names-'));
  const names = new TemporaryNames(systemRandom);
  try {
    writeFileSync(names.next(folder), 'half a file');
    symlinkSync('nowhere', names.next(folder));
    mkdirSync(join(folder, '.keepsake'));
    writeFileSync(join(folder, '.keepsake-restore-notes.tmp'), 'not ours');
    removeLeftovers(folder);
    expect(readdirSync(folder).toSorted()).toEqual(['.keepsake', '.keepsake-restore-notes.tmp']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('two runs, and two names of one run, do not meet', () => {
  const runs = [new TemporaryNames(systemRandom), new TemporaryNames(systemRandom)];
  const names = runs.flatMap((run) => Array.from({ length: 300 }, () => run.next('/folder')));
  expect(new Set(names).size).toBe(600);
  expect(new Set(names.map((name) => name.length)).size).toBe(1);
});
