/** Which files a walk takes for databases. */
import { readdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { compileExcludes } from './excludes.ts';
import type { WalkOptions } from './walk.ts';
import { layOut, walkText } from '../../test/support/walk-lab.ts';

test('databases are found by their content, and their sidecars are left out', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['prod.db-walrus', 'prod.db.txt', 'plain', 'plain-wal', 'tiny', 'empty', 'new-wal']);
  writeFileSync(dir.join('empty'), '');
  writeFileSync(dir.join('new'), '');
  using database = new DatabaseSync(dir.join('prod.db'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)');
  layOut(dir, ['prod.db-journal']);
  expect(readdirSync(dir.path)).toContain('prod.db-shm');
  expect(await walkText(dir, { detectDatabases: true })).toEqual([
    '  empty',
    '= new',
    '  plain',
    '  plain-wal',
    '= prod.db',
    '  prod.db-walrus',
    '  prod.db.txt',
    '  tiny',
  ]);
  const exclude = compileExcludes({ patterns: ['*.db'] });
  expect(await walkText(dir, { detectDatabases: true, exclude })).not.toContain('  prod.db-wal');
  expect(await walkText(dir)).toContain('  prod.db-wal');
});

test('an empty file with the longest of names is a file, though no sidecar of it could be', async () => {
  await using dir = await tempFolder();
  const name = 'n'.repeat(255);
  writeFileSync(dir.join(name), '');
  expect(await walkText(dir, { detectDatabases: true })).toEqual([`  ${name}`]);
});

test('a configured database is one whatever it holds', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['gone.db-wal', 'odd.db', 'odd.db-wal', 'x']);
  const databases = new Set([dir.join('odd.db'), dir.join('gone.db')]);
  expect(await walkText(dir, { databases })).toEqual(['= odd.db', '  x']);
});

test('a file known to be plain is not opened', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['a', 'b']);
  writeFileSync(dir.join('a'), 'SQLite format 3\0');
  const asked: unknown[] = [];
  const isKnownPlain: WalkOptions['isKnownPlain'] = (path, node) => {
    asked.push([path, node.size]);
    return path.endsWith('a');
  };
  expect(await walkText(dir, { detectDatabases: true, isKnownPlain })).toEqual(['  a', '  b']);
  expect(asked).toEqual([
    [dir.join('a'), 16],
    [dir.join('b'), 1],
  ]);
});
