/** Symbolic links that a walk stores, and those that it follows. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { fsPath } from '../base/raw-name.ts';
import { walkPaths } from './walk.ts';
import { entriesOf, layOut, refuseToRead, walkText } from '../../test/support/walk-lab.ts';

test('symbolic links are stored as such, also as a path, dangling or to themselves', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['real/x']);
  symlinkSync('real', dir.join('link'));
  symlinkSync('no/such', dir.join('dangling'));
  symlinkSync('self', dir.join('self'));
  symlinkSync(fsPath('\udcff\n'), dir.join('odd'));
  const paths = ['link', 'dangling', 'self', 'odd'].map((name) => dir.join(name));
  const entries = await entriesOf({ paths });
  const targets = entries.flatMap((entry) => (entry.kind === 'leaf' ? [entry.node] : []));
  expect(targets.map(({ type, linkTarget }) => [type, linkTarget])).toEqual([
    ['symlink', 'no/such'],
    ['symlink', 'real'],
    ['symlink', '\udcff\n'],
    ['symlink', 'self'],
  ]);
});

test('on the way to a path a symbolic link is followed, as the path says', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['real/x', 'real/y']);
  symlinkSync('real', dir.join('link'));
  for (const paths of [[dir.join('link/x')], [dir.path, dir.join('link/x')]]) {
    const lines = await walkText(dir, { paths });
    expect(lines.slice(0, 3)).toEqual(['+ link', '  link/x', '- link']);
  }
});

test('a link that is to be followed stands as what it leads to, with no file of it left out', async () => {
  await using dir = await tempFolder();
  await using disk = await tempFolder();
  layOut(disk, ['uploads/a', 'uploads/deeper/b', 'settings', 'uploads/db']);
  writeFileSync(disk.join('uploads', 'db'), 'SQLite format 3\0');
  layOut(dir, ['app/']);
  symlinkSync(disk.join('uploads'), dir.join('app', 'uploads'));
  symlinkSync(disk.join('settings'), dir.join('app', '.env'));
  symlinkSync(disk.join('settings'), dir.join('app', 'other'));
  const follow = new Set([dir.join('app/uploads'), dir.join('app/.env')]);
  const paths = [dir.join('app')];
  expect(await walkText(dir, { paths, follow, detectDatabases: true })).toEqual([
    '+ app',
    '  app/.env',
    '  app/other',
    '+ app/uploads',
    '  app/uploads/a',
    '= app/uploads/db',
    '+ app/uploads/deeper',
    '  app/uploads/deeper/b',
    '- app/uploads/deeper',
    '- app/uploads',
    '- app',
  ]);
  const read: string[] = [];
  const entries = await Array.fromAsync(
    walkPaths({ paths, follow, read: (path) => (read.push(path), refuseToRead) as never }),
  );
  const env = entries.find(({ path }) => path.endsWith('.env'));
  if (env?.kind !== 'leaf') throw new Error('no .env');
  env.read?.();
  expect([env.node.type, env.node.name, read]).toEqual(['file', '.env', [disk.join('settings')]]);
});

test('a link to be followed that leads nowhere is reported as missing', async () => {
  await using dir = await tempFolder();
  symlinkSync(dir.join('gone'), dir.join('link'));
  const paths = [dir.join('link')];
  expect(await walkText(dir, { paths, follow: new Set(paths) })).toEqual([
    '! link SOURCE_PATH_MISSING',
  ]);
});
