/** Where nothing was committed since the last backup, one pass is enough; else there are two. */
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KeepsakeError } from '../../src/base/errors/keepsake-error.ts';
import {
  archiveApp,
  type Archived,
  type ArchiveLab,
  type Changes,
  nameInRow,
  openArchiveLab,
  runInApp,
} from '../support/archive-lab.ts';

/** Longer than the file's times need to tell two writes apart. */
const SETTLE_MS = 60;

async function openArchivedLab(): Promise<ArchiveLab & { first: Archived }> {
  const lab = await openArchiveLab();
  copyFileSync(lab.app.database, join(lab.app.root, 'data', 'more.db'));
  await sleep(SETTLE_MS);
  return Object.assign(lab, { first: await archiveApp(lab) });
}

test('while nobody commits, the files are looked at once, and the snapshot is as after two passes', async () => {
  await using lab = await openArchivedLab();
  writeFileSync(lab.upload('c.txt'), 'new');
  const { files, passes, manifest, counts, told } = await archiveApp(lab, {}, lab.first);
  expect(passes).toBe(1);
  expect(manifest.databases.map(({ captureMethod }) => captureMethod)).toEqual([
    'unchanged',
    'unchanged',
  ]);
  expect(Object.fromEntries(files)).toEqual({
    ...Object.fromEntries(lab.first.files),
    'uploads/c.txt': 'new',
  });
  expect(counts).toMatchObject({ filesNew: 1, filesChanged: 0 });
  expect(counts.filesUnmodified).toBe(lab.first.counts.filesNew);
  expect(told.get(lab.app.database)).toEqual(['unmodified']);
  const [before] = lab.first.manifest.files;
  expect(manifest.files[0]?.fileCount).toBe((before?.fileCount ?? 0) + 1);
});

test('a commit to one of two databases while the files are read has them looked at again', async () => {
  await using lab = await openArchivedLab();
  const changes: Changes = {
    beforeCapture() {
      writeFileSync(lab.upload('young.webp'), 'young');
      runInApp(lab, nameInRow('young.webp'));
    },
    beforeSecondPass: () => writeFileSync(lab.upload('c.txt'), 'new'),
  };
  const { files, passes, manifest, told, counts } = await archiveApp(lab, changes, lab.first);
  expect(passes).toBe(2);
  expect(files.get('uploads/young.webp')).toBe('young');
  expect(files.get('uploads/c.txt')).toBe('new');
  expect(files.get('data/more.db')).toBe(lab.first.files.get('data/more.db'));
  expect(files.get('data/prod.db')).toContain('young.webp');
  expect(manifest.databases.map(({ captureMethod }) => captureMethod)).toContain('unchanged');
  expect(told.get(lab.app.database)).toEqual(['changed']);
  expect(told.get(join(lab.app.root, 'data'))).toEqual(['changed']);
  expect(counts.filesChanged).toBe(1);
});

test('an unreadable or vanished upload has all files looked at again, though nobody commits', async () => {
  await using lab = await openArchivedLab();
  const path = lab.upload('a.txt');
  const error = new KeepsakeError('SOURCE_UNREADABLE', { path, errno: 'EIO', reason: 'EIO' });
  const alter: Changes['alter'] = (entry, pass) =>
    pass === 1 && entry.path === path ? [{ kind: 'problem', path, error }] : [entry];
  const unreadable = await archiveApp(lab, { alter }, lab.first);
  expect([unreadable.passes, unreadable.problems]).toEqual([2, []]);
  expect(unreadable.files.get('uploads/a.txt')).toBe('first');
  rmSync(path);
  expect((await archiveApp(lab, {}, lab.first)).passes).toBe(2);
});

test.each([
  ['a link', (path: string) => symlinkSync('a.txt', path)],
  ['a folder', (path: string) => mkdirSync(path)],
])('a named upload that became %s is missing, though nobody commits', async (_, become) => {
  await using lab = await openArchiveLab();
  writeFileSync(lab.upload('named.webp'), 'named');
  runInApp(lab, nameInRow('named.webp'));
  await sleep(SETTLE_MS);
  const first = await archiveApp(lab);
  const path = lab.upload('named.webp');
  rmSync(path);
  become(path);
  const { manifest, told } = await archiveApp(lab, {}, first);
  expect(first.manifest.references[0]?.missing).toEqual([]);
  expect(manifest.references[0]?.missing).toEqual(['named.webp']);
  expect(told.get(path)).toEqual(['changed']);
});

test('a database taken over that vanishes before the second pass stays', async () => {
  await using lab = await openArchivedLab();
  const path = join(lab.app.root, 'data', 'more.db');
  const changes: Changes = {
    beforeCapture: () => runInApp(lab, nameInRow('other.webp')),
    beforeSecondPass: () => rmSync(path),
  };
  const { files, problems, manifest } = await archiveApp(lab, changes, lab.first);
  expect(files.get('data/more.db')).toBe(lab.first.files.get('data/more.db'));
  expect([problems.length, manifest.databases.length]).toEqual([0, 2]);
});

test('what changed since the files were looked at ahead is in the snapshot if the rows are of later', async () => {
  await using lab = await openArchivedLab();
  const afterLookAhead = (): void => {
    writeFileSync(lab.upload('a.txt'), 'later');
    rmSync(lab.upload('folder/deeper/b.txt'));
    runInApp(lab, nameInRow('a.txt'));
  };
  const { files, passes, problems } = await archiveApp(lab, { afterLookAhead }, lab.first);
  expect(passes).toBe(2);
  expect(files.get('uploads/a.txt')).toBe('later');
  expect(files.has('uploads/folder/deeper/b.txt')).toBe(false);
  expect(problems).toEqual([]);
});

test('what was looked at ahead counts as read then, and the next backup sees what changed since', async () => {
  await using lab = await openArchivedLab();
  const afterLookAhead = (): void => writeFileSync(lab.upload('a.txt'), 'later');
  const second = await archiveApp(lab, { afterLookAhead }, lab.first);
  expect([second.passes, second.files.get('uploads/a.txt')]).toEqual([1, 'first']);
  const third = await archiveApp(lab, {}, second);
  expect(third.files.get('uploads/a.txt')).toBe('later');
});

test('a new file that changes after it was looked at ahead is stored as it is', async () => {
  await using lab = await openArchivedLab();
  writeFileSync(lab.upload('new.txt'), 'early');
  const afterLookAhead = (): void => writeFileSync(lab.upload('new.txt'), 'at last');
  const { files, problems } = await archiveApp(lab, { afterLookAhead }, lab.first);
  expect([files.get('uploads/new.txt'), problems]).toEqual(['at last', []]);
});

test.each([
  ['a link', (path: string) => symlinkSync('a.txt', path)],
  ['a folder', (path: string) => mkdirSync(path)],
  ['nothing', () => {}],
])('a new file that became %s after it was looked at ahead stands as that', async (_, become) => {
  await using lab = await openArchivedLab();
  const path = lab.upload('new.txt');
  writeFileSync(path, 'early');
  const afterLookAhead = (): void => {
    rmSync(path);
    become(path);
  };
  const { files, told, problems } = await archiveApp(lab, { afterLookAhead }, lab.first);
  expect(problems).toEqual([]);
  expect(files.has('uploads/new.txt')).toBe(false);
  expect(told.has(path)).toBe(existsSync(path));
  expect(files.get('uploads/a.txt')).toBe('first');
});
