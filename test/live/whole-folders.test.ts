/** Folders of many files that are taken whole, and all that must keep them from being. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KeepsakeError } from '../../src/base/errors/keepsake-error.ts';
import {
  archiveApp,
  nameInRow,
  runInApp,
  type Archived,
  type ArchiveLab,
  type Changes,
} from '../support/archive-lab.ts';
import { openBackupLab } from '../support/backup-lab.ts';

/** Longer than the file's times need to tell two writes apart. */
const SETTLE_MS = 60;
const FILES = 1000;
const COUNTS = ['filesNew', 'filesChanged', 'filesUnmodified', 'totalBytesProcessed'] as const;

/** Its uploads are as many as it takes. */
async function openManyLab(): Promise<ArchiveLab> {
  const lab = await openBackupLab({ app: { items: 8, users: 3 } });
  const upload = (name: string) => `${lab.app.uploads}/${name}`;
  for (let at = 0; at < FILES; at += 1) writeFileSync(upload(`${at}.txt`), `upload ${at}`);
  await sleep(SETTLE_MS);
  return Object.assign(lab, { upload });
}

interface Watched extends Archived {
  /** How many uploads each pass met one by one. */
  readonly walked: readonly number[];
}

async function watched(
  lab: ArchiveLab,
  changes: Changes = {},
  parent?: Archived,
): Promise<Watched> {
  const walked = [0, 0];
  const alter: Changes['alter'] = (entry, pass) => {
    const isUpload = entry.kind === 'leaf' && entry.path.startsWith(lab.upload(''));
    if (isUpload) walked[pass - 1] = (walked[pass - 1] ?? 0) + 1;
    return changes.alter?.(entry, pass) ?? [entry];
  };
  return { ...(await archiveApp(lab, { ...changes, alter }, parent)), walked };
}

/** What two snapshots of the same files must agree in, however they were made. */
function essence({ files, manifest, problems }: Archived) {
  const { files: totals, references, orphans } = manifest;
  return { files, totals, references, orphans, problems };
}

const uploadCount = ({ files }: Archived) =>
  [...files.keys()].filter((path) => path.startsWith('uploads/')).length;

test('uploads that did not change are looked at all together, in both passes', async () => {
  await using lab = await openManyLab();
  runInApp(lab, nameInRow('7.txt'));
  const first = await watched(lab);
  const count = uploadCount(first);
  expect(first.walked).toEqual([count, 0]);
  const [look] = first.manifest.wholeFolders ?? [];
  expect(look).toMatchObject({ path: lab.app.uploads });

  const idle = await watched(lab, {}, first);
  expect([idle.passes, idle.walked]).toEqual([1, [0, 0]]);
  runInApp(lab, nameInRow('8.txt'));
  const second = await watched(lab, { afterLookAhead: () => {} }, idle);
  expect([second.passes, second.walked]).toEqual([2, [0, 0]]);
  expect(second.manifest.wholeFolders).toEqual([look]);

  const each = await watched(lab, { eachFile: true }, second);
  expect(each.walked[0]).toBe(count);
  expect(each.counts).toMatchObject({ filesNew: 0, filesChanged: 0 });
  for (const run of [idle, second]) {
    for (const name of COUNTS) {
      if (run === second && name !== 'filesUnmodified') continue; // its database changed
      expect([name, run.counts[name]]).toEqual([
        name,
        each.counts[name] - (run === second ? 1 : 0),
      ]);
    }
  }
  expect(essence(second)).toEqual(essence(each));
  expect(essence(idle)).toEqual({ ...essence(first) });
});

/** What may become of an upload between two backups; of some not even size or mtime tells. */
const befalls: Record<string, (path: string, lab: ArchiveLab) => void> = {
  'other bytes, the times as before': (path) => {
    const { mtime, atime } = lstatSync(path);
    writeFileSync(path, readFileSync(path, 'utf8').toUpperCase());
    utimesSync(path, atime, mtime);
  },
  'more bytes': (path) => appendFileSync(path, ' and more'),
  'another mode': (path) => chmodSync(path, 0o600),
  'another owner': (path) => chownSync(path, 12, 34),
  'an attribute': (path) => execFileSync('setfattr', ['-n', 'user.note', '-v', 'x', path]),
  'another name': (path, lab) => renameSync(path, lab.upload('renamed.txt')),
  'taken away': (path) => rmSync(path),
  'put there anew, the same': (path) => {
    const bytes = readFileSync(path);
    rmSync(path);
    writeFileSync(path, bytes);
  },
  'a second name': (path, lab) => linkSync(path, lab.upload('second.txt')),
  'a link now': (path) => {
    rmSync(path);
    symlinkSync('8.txt', path);
  },
  'a folder now': (path) => {
    rmSync(path);
    mkdirSync(path);
  },
  'a database now': (path, lab) => {
    execFileSync('cp', [lab.app.database, path]);
  },
  'one more': (_, lab) => writeFileSync(lab.upload('one-more.txt'), 'new'),
};

test.each(Object.entries(befalls))('%s: the next backup has it', async (_, befall) => {
  await using lab = await openManyLab();
  const first = await watched(lab);
  expect(first.manifest.wholeFolders).toHaveLength(1);
  befall(lab.upload('7.txt'), lab);
  await sleep(SETTLE_MS);
  const second = await watched(lab, {}, first);
  expect(second.walked[0]).toBeGreaterThan(0);
  const each = await watched(lab, { eachFile: true }, second);
  expect(each.counts).toMatchObject({ filesNew: 0, filesChanged: 0 });
  expect(essence(second)).toEqual(essence(await watched(lab, { eachFile: true })));
});

test('what comes while the files are read, or before the capture, is in the snapshot', async () => {
  await using lab = await openManyLab();
  const first = await watched(lab);
  const afterLookAhead = (): void => {
    writeFileSync(lab.upload('early.txt'), 'early');
    runInApp(lab, nameInRow('early.txt'));
  };
  const early = await watched(lab, { afterLookAhead }, first);
  expect(early.files.get('uploads/early.txt')).toBe('early');
  expect(early.manifest.wholeFolders).toBeUndefined();

  await sleep(SETTLE_MS);
  const third = await watched(lab, {}, early);
  const changes: Changes = {
    beforeCapture() {
      writeFileSync(lab.upload('late.txt'), 'late');
      writeFileSync(lab.upload('8.txt'), 'other');
      runInApp(lab, nameInRow('late.txt'));
    },
  };
  const late = await watched(lab, changes, third);
  expect(late.walked[0]).toBe(1); // fetched, because a captured row names it
  expect(late.walked[1]).toBeGreaterThan(FILES);
  expect(late.files.get('uploads/late.txt')).toBe('late');
  expect(late.files.get('uploads/8.txt')).toBe('other');
  expect(late.manifest.wholeFolders).toBeUndefined();
  expect(late.counts).toMatchObject({ filesNew: 1, filesChanged: 2 });
});

test('a file that changes before the capture is read again by the second pass', async () => {
  await using lab = await openManyLab();
  const first = await watched(lab);
  const beforeCapture = (): void => {
    writeFileSync(lab.upload('8.txt'), 'other');
    runInApp(lab, nameInRow('8.txt'));
  };
  const second = await watched(lab, { beforeCapture }, first);
  expect(second.walked[0]).toBe(0);
  expect(second.files.get('uploads/8.txt')).toBe('other');
  expect(second.counts).toMatchObject({ filesNew: 0, filesChanged: 2 });
});

test('what came less than its times can tell ago is looked at once more by the next backup', async () => {
  await using lab = await openManyLab();
  writeFileSync(lab.upload('8.txt'), 'just now');
  const first = await watched(lab);
  expect(first.manifest.wholeFolders).toBeUndefined();
  await sleep(SETTLE_MS);
  expect((await watched(lab, {}, first)).manifest.wholeFolders).toHaveLength(1);
});

test('other patterns: each file is asked anew whether it belongs to the backup', async () => {
  await using lab = await openManyLab();
  const first = await watched(lab);
  const second = await watched(lab, { excludes: ['7.txt'] }, first);
  expect(second.files.has('uploads/7.txt')).toBe(false);
  expect(second.manifest.wholeFolders).toBeUndefined();
  const third = await watched(lab, {}, second);
  expect(third.files.get('uploads/7.txt')).toBe('upload 7');
});

test('a folder with a file that could not be read is not taken whole, in this backup or the next', async () => {
  await using lab = await openManyLab();
  const path = lab.upload('7.txt');
  const error = new KeepsakeError('SOURCE_UNREADABLE', { path, errno: 'EIO', reason: 'EIO' });
  // As an attribute that could not be read: the problem, and the entry after it.
  const alter: Changes['alter'] = (entry) =>
    entry.path === path && entry.kind === 'leaf'
      ? [{ kind: 'problem', path, error }, entry]
      : [entry];
  const first = await watched(lab, { alter });
  expect(first.walked[1]).toBeGreaterThan(0);
  expect(first.problems).toMatchObject([{ path }]);
  expect(first.manifest.wholeFolders).toBeUndefined();
});

test('a folder with a database in it is walked each time', async () => {
  await using lab = await openManyLab();
  execFileSync('cp', [lab.app.database, lab.upload('more.db')]);
  await sleep(SETTLE_MS);
  const first = await watched(lab);
  expect(first.manifest.wholeFolders).toBeUndefined();
  runInApp(lab, nameInRow('8.txt'));
  const { walked } = await watched(lab, {}, first);
  expect(Math.min(...walked)).toBeGreaterThan(0);
});
