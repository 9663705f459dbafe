/** What becomes of a file or folder that changes between the two passes of a backup. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KeepsakeError } from '../../src/base/errors/keepsake-error.ts';
import type { FileReading, Leaf } from '../../src/source/source.ts';
import { archiveApp, type Changes, openArchiveLab } from '../support/archive-lab.ts';

/** What was written less than 50 ms before a walk is looked at whole by the next one. */
const RESTED_MS = 120;

/** What is known of how it was seen has it read without asking `read`. */
function withoutShortWay(leaf: Leaf): Leaf {
  const { seen, ...rest } = leaf;
  expect(seen).toBeDefined();
  return rest;
}

function readSlowly(leaf: Leaf): Leaf {
  const read = (): FileReading => {
    const reading = leaf.read!();
    return {
      async *chunks(options) {
        await sleep(300);
        yield* reading.chunks(options);
      },
      finish: () => reading.finish(),
    };
  };
  return { ...withoutShortWay(leaf), read };
}

test('a file that vanished after the first pass stays, whole and counted, and is no problem', async () => {
  await using lab = await openArchiveLab();
  const before = await archiveApp(lab);
  const { files, problems, counts, manifest } = await archiveApp(lab, {
    beforeSecondPass: () => rmSync(lab.upload('a.txt')),
  });
  expect(files.get('uploads/a.txt')).toBe('first');
  expect(problems).toEqual([]);
  expect(counts.totalFilesProcessed).toBe(before.counts.totalFilesProcessed);
  expect(manifest.files).toEqual(before.manifest.files);
});

test('a folder that vanished after the first pass stays with all that was below it', async () => {
  await using lab = await openArchiveLab();
  const before = await archiveApp(lab);
  const { files, problems, counts } = await archiveApp(lab, {
    beforeSecondPass: () => rmSync(lab.upload('folder'), { recursive: true }),
  });
  expect(files.get('uploads/folder/deeper/b.txt')).toBe('below');
  expect(problems).toEqual([]);
  expect(counts.totalFilesProcessed).toBe(before.counts.totalFilesProcessed);
});

test('what changed after the first pass is stored as it became: grown, new, or a folder', async () => {
  await using lab = await openArchiveLab();
  const { files, problems } = await archiveApp(lab, {
    beforeSecondPass() {
      writeFileSync(lab.upload('a.txt'), 'first and second');
      writeFileSync(lab.upload('c.txt'), 'new');
      rmSync(lab.upload('folder/deeper/b.txt'));
      mkdirSync(lab.upload('folder/deeper/b.txt'));
      writeFileSync(lab.upload('folder/deeper/b.txt/inside'), 'in it');
    },
  });
  expect(files.get('uploads/a.txt')).toBe('first and second');
  expect(files.get('uploads/c.txt')).toBe('new');
  expect(files.get('uploads/folder/deeper/b.txt/inside')).toBe('in it');
  expect(problems).toEqual([]);
});

test('a file that takes long to read is not lost among a thousand unchanged ones told meanwhile', async () => {
  await using lab = await openArchiveLab();
  mkdirSync(lab.upload('many'));
  for (let at = 0; at < 1500; at += 1) writeFileSync(lab.upload(`many/b${1000 + at}`), 'b');
  writeFileSync(lab.upload('many/a'), 'old');
  await sleep(RESTED_MS);
  const { files, problems } = await archiveApp(lab, {
    eachFile: true,
    beforeSecondPass: () => writeFileSync(lab.upload('many/a'), 'as it became'),
    alter: (entry, pass) =>
      entry.kind === 'leaf' && entry.path === lab.upload('many/a') && pass === 2
        ? [readSlowly(entry)]
        : [entry],
  });
  expect(problems).toEqual([]);
  expect(files.get('uploads/many/a')).toBe('as it became');
  expect([...files.keys()].filter((path) => path.includes('/many/b'))).toHaveLength(1500);
});

test('a file that became unreadable after it was read stays as it was read', async () => {
  await using lab = await openArchiveLab();
  const path = lab.upload('a.txt');
  const details = { path, errno: 'EIO', reason: 'i/o error (EIO)' };
  const error = new KeepsakeError('SOURCE_UNREADABLE', details);
  const failing = (leaf: Leaf): Leaf => ({
    ...withoutShortWay(leaf),
    read: () => ({
      // oxlint-disable-next-line require-yield
      async *chunks() {
        throw error;
      },
      finish: () => Promise.reject(error),
    }),
  });
  const { files, problems } = await archiveApp(lab, {
    beforeSecondPass: () => writeFileSync(path, 'changed'),
    alter: (entry, pass) =>
      pass === 2 && entry.kind === 'leaf' && entry.path === path ? [failing(entry)] : [entry],
  });
  expect(files.get('uploads/a.txt')).toBe('first');
  expect(problems).toEqual([]);
});

test('a folder that can no longer be listed stays as the first pass saw it', async () => {
  await using lab = await openArchiveLab();
  const path = lab.upload('folder');
  const error = new Error('not to be listed');
  const { files, problems } = await archiveApp(lab, {
    alter(entry, pass) {
      if (pass === 1 || !`${entry.path}/`.startsWith(`${path}/`)) return [entry];
      const isFirst = entry.kind === 'directory-start' && entry.path === path;
      return isFirst ? [{ kind: 'problem', path, error }] : [];
    },
  });
  expect(files.get('uploads/folder/deeper/b.txt')).toBe('below');
  expect(problems).toEqual([]);
});

test('a file whose attributes cannot be read is stored once, and reported once', async () => {
  await using lab = await openArchiveLab();
  const path = lab.upload('a.txt');
  const details = { path, errno: 'EIO', reason: 'i/o error (EIO)' };
  const error = new KeepsakeError('SOURCE_ATTRIBUTES_UNREADABLE', details);
  const { files, problems } = await archiveApp(lab, {
    alter: (entry) =>
      entry.kind === 'leaf' && entry.path === path
        ? [{ kind: 'problem', path, error }, entry]
        : [entry],
  });
  expect(files.get('uploads/a.txt')).toBe('first');
  expect(problems).toEqual([{ path, error, kind: 'file' }]);
});

/** As if something wrote the file during each reading of that pass. */
function restless(path: string, inPass: number): Required<Pick<Changes, 'alter'>> {
  const unsettled = (leaf: Leaf): Leaf => ({
    ...withoutShortWay(leaf),
    read() {
      const reading = leaf.read!();
      return {
        chunks: (options) => reading.chunks(options),
        finish: async () => ({ ...(await reading.finish()), stillChanging: true }),
      };
    },
  });
  return {
    alter: (entry, pass) =>
      pass === inPass && entry.kind === 'leaf' && entry.path === path
        ? [unsettled(entry)]
        : [entry],
  };
}

test('a file that was torn in the first pass is read again in the second', async () => {
  await using lab = await openArchiveLab();
  const { problems, counts } = await archiveApp(lab, restless(lab.upload('a.txt'), 1));
  expect(problems).toEqual([]);
  expect(counts.filesChanged).toBe(0);
});

test('a file that was torn in the first pass and then vanished is kept and told as torn', async () => {
  await using lab = await openArchiveLab();
  const { files, problems } = await archiveApp(lab, {
    ...restless(lab.upload('a.txt'), 1),
    beforeSecondPass: () => rmSync(lab.upload('a.txt')),
  });
  expect(files.has('uploads/a.txt')).toBe(true);
  expect(problems).toMatchObject([{ error: { code: 'SOURCE_CHANGING' }, kind: 'file' }]);
});

test('a path that was removed while the first pass read it is told, unless it is there again', async () => {
  await using lab = await openArchiveLab();
  const { uploads } = lab.app;
  const alter: Changes['alter'] = (entry, pass) => {
    if (pass > 1 || entry.kind !== 'directory-end' || entry.path !== uploads) return [entry];
    const error = new KeepsakeError('SOURCE_PATH_VANISHED', { path: uploads });
    return [{ kind: 'problem', path: uploads, error }, entry];
  };
  expect((await archiveApp(lab, { alter })).problems).toEqual([]);
  const beforeSecondPass = (): void => rmSync(uploads, { recursive: true });
  const { files, problems } = await archiveApp(lab, { alter, beforeSecondPass });
  expect(problems).toMatchObject([{ path: uploads, error: { code: 'SOURCE_PATH_VANISHED' } }]);
  expect(files.get('uploads/a.txt')).toBe('first');
});
