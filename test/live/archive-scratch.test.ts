/** What becomes of the draft of a large folder where the scratch disk is full, or gives other bytes. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { archiveApp, openArchiveLab, type ArchiveLab } from '../support/archive-lab.ts';
import { findErrors } from '../support/backup-lab.ts';
import { requireRoot } from '../support/require-tool.ts';
import { scratchTrees } from '../support/scratch-trees.ts';
import { smallDisk } from '../support/small-disk.ts';

/** A folder whose list does not get small; by path below the app, what its files hold. */
function layOutLarge(lab: ArchiveLab): ReadonlyMap<string, string> {
  const names = Array.from({ length: 400 }, () => randomBytes(150).toString('base64url'));
  mkdirSync(lab.upload('large'));
  for (const name of names) writeFileSync(lab.upload(`large/${name}`), `it is ${name}`);
  return new Map(names.map((name) => [`uploads/large/${name}`, `it is ${name}`]));
}

test.skipIf(!requireRoot())(
  'the draft leaves a full scratch disk to the database, and all that only the draft has is there',
  async () => {
    await using lab = await openArchiveLab();
    const large = layOutLarge(lab);
    const { database } = lab.app;
    const sourceBytes = [database, `${database}-wal`]
      .filter((path) => existsSync(path))
      .reduce((sum, path) => sum + statSync(path).size, 0);
    const diskBytes = sourceBytes + (1 << 20) + (64 << 10);
    await using _disk = await smallDisk(lab.scratch, `${diskBytes}`);
    let freeBytes = NaN;
    const { files, manifest, problems } = await archiveApp(lab, {
      beforeCapture() {
        const { bavail, bsize } = statfsSync(lab.scratch);
        freeBytes = bavail * bsize;
      },
      beforeSecondPass: () => rmSync(lab.upload('large'), { recursive: true }),
    });
    expect(freeBytes).toBeLessThan(sourceBytes + (1 << 20));
    expect(problems).toEqual([]);
    expect(manifest.databases.map(({ path }) => path)).toEqual([database]);
    for (const [path, content] of large) expect(files.get(path)).toBe(content);
  },
);

test('a draft that comes back with other bytes makes no snapshot, and the next backup has everything', async () => {
  await using lab = await openArchiveLab();
  const large = layOutLarge(lab);
  const spoilt = archiveApp(lab, {
    beforeSecondPass: () => writeFileSync(scratchTrees(lab.scratch), 'garbage', { flag: 'r+' }),
  });
  await expect(spoilt).rejects.toMatchObject({ code: 'SCRATCH_UNREADABLE' });
  const { files, problems } = await archiveApp(lab);
  expect(problems).toEqual([]);
  for (const [path, content] of large) expect(files.get(path)).toBe(content);
  expect(await findErrors(await lab.open())).toEqual([]);
});
