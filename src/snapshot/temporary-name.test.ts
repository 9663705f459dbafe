import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { removeLeftovers, temporaryPath } from './temporary-name.ts';

test('the names made here are the ones removed as leftovers, and no others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keepsake-names-'));
  try {
    writeFileSync(temporaryPath(folder, systemRandom), 'half a file');
    symlinkSync('nowhere', temporaryPath(folder, systemRandom));
    mkdirSync(join(folder, '.keepsake'));
    writeFileSync(join(folder, '.keepsake-restore-notes.tmp'), 'not ours');
    removeLeftovers(folder);
    expect(readdirSync(folder).toSorted()).toEqual(['.keepsake', '.keepsake-restore-notes.tmp']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
