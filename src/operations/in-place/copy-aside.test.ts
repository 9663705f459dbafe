import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareTrees } from '../../../test/support/compare-trees.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { systemClock } from '../../base/clock.ts';
import { setXattr } from '../../host/libc.ts';
import { CopyAside, type CopyAsideOptions } from './copy-aside.ts';

async function openLab(changes: Partial<CopyAsideOptions> = {}) {
  const dir = await tempFolder();
  const [at, old] = [dir.join('app'), dir.join('place', 'old', 'app')];
  mkdirSync(at);
  const copy = new CopyAside({
    roots: [{ path: at, at, old }],
    stays: () => false,
    databases: [join(at, 'prod.db')],
    clock: systemClock,
    onProgress: () => {},
    ...changes,
  });
  const write = (name: string, text: string): void => writeFileSync(join(at, name), text);
  return { dir, at, old, copy, write, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

/** As if all had been there for long: what is fresh is copied twice in any case. */
const laterClock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + 10_000) };

test('what was new, changed, renamed and removed after the first time is right after the second', async () => {
  await using lab = await openLab({ clock: laterClock });
  const { at, old, copy, write } = lab;
  mkdirSync(join(at, 'empty'));
  mkdirSync(join(at, 'folder', 'deep'), { recursive: true });
  for (const name of ['same', 'changed', 'gone', 'moved', 'folder/deep/leaf']) write(name, 'old');
  mkdirSync(join(at, 'becomes-file'));
  write('becomes-folder', 'old');
  symlinkSync('same', join(at, 'link'));
  await copy.copyRunning();
  write('changed', 'new');
  write('new', 'new');
  rmSync(join(at, 'gone'));
  renameSync(join(at, 'moved'), join(at, 'folder', 'moved'));
  rmSync(join(at, 'becomes-file'), { recursive: true });
  write('becomes-file', 'new');
  rmSync(join(at, 'becomes-folder'));
  mkdirSync(join(at, 'becomes-folder'));
  rmSync(join(at, 'link'));
  symlinkSync('changed', join(at, 'link'));
  expect(await copy.copyStopped()).toEqual([]);
  expect(await compareTrees(at, old)).toEqual([]);
});

test('a file that is as large and as old as before, but is another one, is copied again', async () => {
  await using lab = await openLab({ clock: laterClock });
  const { at, old, copy, write } = lab;
  write('a', 'old');
  const { atime, mtime } = statSync(join(at, 'a'));
  await copy.copyRunning();
  write('a', 'new');
  utimesSync(join(at, 'a'), atime, mtime);
  await copy.copyStopped();
  expect(readFileSync(join(old, 'a'), 'utf8')).toBe('new');
});

test('a file that was fresh when it was copied is not trusted: it may have changed within one tick', async () => {
  await using lab = await openLab();
  const { old, copy, write } = lab;
  write('a', 'old');
  await copy.copyRunning();
  // As a write within the same step of the file system's clock, which nothing tells.
  writeFileSync(join(old, 'a'), 'torn');
  await copy.copyStopped();
  expect(readFileSync(join(old, 'a'), 'utf8')).toBe('old');
});

test('a folder that was away for a moment has its files again', async () => {
  await using lab = await openLab({ clock: laterClock });
  const { at, old, copy, write, dir } = lab;
  mkdirSync(join(at, 'folder'));
  write('folder/a', 'old');
  await copy.copyRunning();
  rmSync(join(old, 'folder'), { recursive: true });
  renameSync(join(at, 'folder'), dir.join('away'));
  renameSync(dir.join('away'), join(at, 'folder'));
  await copy.copyStopped();
  expect(readFileSync(join(old, 'folder', 'a'), 'utf8')).toBe('old');
});

test('a database is copied with its sidecars only when the app has stopped', async () => {
  await using lab = await openLab({ clock: laterClock });
  const { at, old, copy, write } = lab;
  for (const name of ['prod.db', 'prod.db-wal', 'prod.db-shm', 'other']) write(name, 'old');
  await copy.copyRunning();
  expect(await compareTrees(at, old)).toEqual(
    ['prod.db', 'prod.db-shm', 'prod.db-wal'].map((name) => `${name}: missing`),
  );
  rmSync(join(at, 'prod.db-wal'));
  await copy.copyStopped();
  expect(await compareTrees(at, old)).toEqual([]);
});

test('of a database that is protected alone its sidecars are copied, too', async () => {
  await using dir = await tempFolder();
  const at = dir.join('prod.db');
  for (const end of ['', '-wal', '-journal']) writeFileSync(at + end, end);
  const old = dir.join('place', 'prod.db');
  const copy = new CopyAside({
    roots: [{ path: at, at, old }],
    stays: () => false,
    databases: [at],
    clock: systemClock,
    onProgress: () => {},
  });
  await copy.copyStopped();
  for (const end of ['', '-wal', '-journal']) expect(readFileSync(old + end, 'utf8')).toBe(end);
});

test('modes, times, attributes, hard links and odd files are copied; nothing is shared with the app', async () => {
  await using lab = await openLab();
  const { at, old, copy, write } = lab;
  write('a', 'text');
  linkSync(join(at, 'a'), join(at, 'b'));
  setXattr(join(at, 'a'), 'user.note', Buffer.from('mine'));
  execFileSync('chmod', ['4750', join(at, 'a')]);
  execFileSync('touch', ['-d', '2001-02-03 04:05:06.123456789', join(at, 'a')]);
  execFileSync('mkfifo', [join(at, 'fifo')]);
  writeFileSync(Buffer.from(`${at}/odd-\xff\n`, 'latin1'), 'odd');
  await copy.copyRunning();
  await copy.copyStopped();
  expect(await compareTrees(at, old)).toEqual([]);
  expect(lstatSync(join(old, 'a')).ino).toBe(lstatSync(join(old, 'b')).ino);
  expect(lstatSync(join(old, 'a')).ino).not.toBe(lstatSync(join(at, 'a')).ino);
});

test('what stays is not copied', async () => {
  await using lab = await openLab({ stays: (at) => at.endsWith('/node_modules') });
  const { at, old, copy, write } = lab;
  mkdirSync(join(at, 'node_modules'));
  write('node_modules/a', 'x');
  write('a', 'x');
  await copy.copyStopped();
  expect(await compareTrees(at, old)).toEqual(['node_modules: missing', 'node_modules/a: missing']);
});
