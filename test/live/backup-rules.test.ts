/** How a backup judges what it could and could not take, and what it leaves alone. */
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createMemBackend } from '../../src/backend/mem-backend.ts';
import { selfFacts } from '../support/repository-lab.ts';
import { openSession } from '../support/sqlite-session.ts';
import { codesOf, openSmallLab, stored } from '../support/small-backup.ts';

function emptyOut(path: string): void {
  rmSync(path);
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 1');
  database.close();
}

test.each([
  ['is missing', rmSync, 'DATABASE_MISSING'],
  ['is empty', truncateSync, 'DATABASE_EMPTY'],
  [
    'is no database, or encrypted',
    (path: string) => writeFileSync(path, Buffer.alloc(9000, 7)),
    'DATABASE_NOT_SQLITE',
  ],
  ['has no tables', emptyOut, 'DATABASE_NO_TABLES'],
] as const)(
  'a configured database that %s fails the backup, whose snapshot keeps the files and is no full one',
  async (_, harm, code) => {
    await using lab = await openSmallLab();
    harm(lab.app.database);
    const result = await lab.backup();
    expect(result.outcome).toBe('failed');
    expect(codesOf(result)).toEqual([['database', code]]);
    expect(String(result.problems[0]?.error)).toContain(lab.app.database);
    const { snapshot, files, complete } = await stored(lab, result);
    expect(snapshot.tags).toEqual(['app:wishlist', 'partial']);
    expect(complete).toBe(false);
    expect(files.has('.env')).toBe(true);
    expect(files.has('data/prod.db')).toBe(false);
  },
);

test('a configured database that stays locked fails the backup after the limit', async () => {
  await using lab = await openSmallLab();
  await using _ = await openSession(
    lab.app.database,
    'PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE',
  );
  const result = await lab.backup({ busyLimitMs: 200 });
  expect(result.outcome).toBe('failed');
  expect(codesOf(result)).toEqual([['database', 'DATABASE_LOCKED']]);
});

const withoutConfig = { app: undefined, databases: [], references: [] };

test('a discovered file that only looks like a database is stored as it is, with a warning', async () => {
  await using lab = await openSmallLab();
  const path = join(lab.app.root, 'data', 'prod.db.corrupted');
  const bytes = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 9)]);
  writeFileSync(path, bytes);
  const result = await lab.backup({ subject: withoutConfig });
  expect(result.outcome).toBe('warning');
  expect(result.problems).toMatchObject([{ path, kind: 'plain' }]);
  const { files, complete } = await stored(lab, result);
  expect(Buffer.from(files.get('data/prod.db.corrupted')!.bytes)).toEqual(bytes);
  expect(files.has('data/prod.db')).toBe(true);
  expect(complete).toBe(true);
});

test('a discovered database that is locked is left out, not copied torn, and the backup is partial', async () => {
  await using lab = await openSmallLab();
  await using _ = await openSession(
    lab.app.database,
    'PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE',
  );
  const result = await lab.backup({ subject: withoutConfig, busyLimitMs: 200 });
  expect(result.outcome).toBe('partial');
  expect(codesOf(result)).toEqual([['file', 'DATABASE_LOCKED']]);
  const { files, complete } = await stored(lab, result);
  expect([...files.keys()].filter((path) => path.startsWith('data/'))).toEqual([]);
  expect(complete).toBe(false);
});

test('a path that does not exist makes the backup partial; one that may be absent does not', async () => {
  await using lab = await openSmallLab();
  const missing = join(lab.app.root, '../other');
  const paths = [lab.app.root, missing];
  const result = await lab.backup({ subject: { paths } });
  expect(result.outcome).toBe('partial');
  expect(codesOf(result)).toEqual([['file', 'SOURCE_PATH_MISSING']]);
  const optional = await lab.backup({ subject: { paths, optionalPaths: [missing] } });
  expect(optional.outcome).toBe('ok');
});

test('what the config names is backed up though a link leads to it: root, database, uploads', async () => {
  await using lab = await openSmallLab();
  const { database, uploads, root } = lab.app;
  for (const [name, path] of [
    ['db', database],
    ['up', uploads],
    ['root', root],
  ] as const) {
    renameSync(path, lab.join(name));
    symlinkSync(lab.join(name), path);
  }
  await using _ = await openSession(lab.join('db'), "UPDATE user SET name = 'in the WAL'");
  const result = await lab.backup();
  expect([result.outcome, codesOf(result)]).toEqual(['ok', []]);
  expect(result.manifest.references.map(({ missingCount }) => missingCount)).toEqual([0, 0]);
  const { files } = await stored(lab, result);
  expect([...files.keys()]).toEqual(expect.arrayContaining(['data/prod.db', '.env']));
  expect([...files.keys()].filter((path) => path.startsWith('uploads/')).length).toBe(
    readdirSync(lab.join('up')).length,
  );
  writeFileSync(lab.join('copy.db'), files.get('data/prod.db')!.bytes);
  using copy = new DatabaseSync(lab.join('copy.db'));
  expect(copy.prepare('SELECT DISTINCT name FROM user').all()).toEqual([{ name: 'in the WAL' }]);
});

test('of plain paths a link is stored as one, and what it leads to is named as left out', async () => {
  await using lab = await openSmallLab();
  const link = lab.join('link');
  symlinkSync(lab.app.root, link);
  const alone = await lab.backup({ subject: { ...withoutConfig, paths: [link] } });
  expect([alone.outcome, codesOf(alone)]).toEqual([
    'partial',
    [['file', 'SOURCE_LINK_NOT_FOLLOWED']],
  ]);
  const beside = await lab.backup({
    subject: { ...withoutConfig, paths: [link, lab.app.uploads] },
  });
  expect([beside.outcome, codesOf(beside)]).toEqual([
    'warning',
    [['link', 'SOURCE_LINK_NOT_FOLLOWED']],
  ]);
  const both = await lab.backup({ subject: { ...withoutConfig, paths: [link, lab.app.root] } });
  expect(both.outcome).toBe('ok');
});

test('rows that name missing files make a warning of a backup that is well otherwise', async () => {
  await using lab = await openSmallLab();
  rmSync(lab.app.uploads, { recursive: true });
  mkdirSync(lab.app.uploads);
  const result = await lab.backup();
  expect([result.outcome, codesOf(result)]).toEqual(['warning', []]);
});

test('a dry run tells what it would store and changes no byte of the repository', async () => {
  const store = createMemBackend();
  await using lab = await openSmallLab(store);
  await lab.backup();
  const before = store.files();
  writeFileSync(join(lab.app.uploads, 'new.jpg'), 'new');
  const result = await lab.backup({ dryRun: true });
  expect(result.counts.filesNew).toBe(1);
  expect(result.snapshotId).toBeUndefined();
  expect(store.files()).toEqual(before);
  expect(readdirSync(lab.scratch)).toEqual([]);
});

test('--only database holds the database alone, and is no parent of a later full backup', async () => {
  await using lab = await openSmallLab();
  const first = await lab.backup();
  const only = await lab.backup({ only: 'database' });
  expect(only.tags).toEqual(['app:wishlist', 'database-only']);
  expect(only.manifest.references).toEqual([]);
  const { files, complete } = await stored(lab, only);
  expect([...files.keys()]).toEqual(['data/prod.db']);
  expect(complete).toBe(false);
  const next = await lab.backup();
  expect(next.parentId).toBe(first.snapshotId);
  expect(next.counts.filesNew).toBe(0);
});

test('scratch folders of dead runs are removed; those of living and foreign runs are kept', async () => {
  await using lab = await openSmallLab();
  const names = [
    'run-1-555-aaaaaa',
    'run-1-100-bbbbbb',
    'run-7-555-cccccc',
    'run-7-556-dddddd',
    'notes',
  ];
  for (const name of names) mkdirSync(join(lab.scratch, name, 'capture-x'), { recursive: true });
  const old = new Date('2020-01-01');
  utimesSync(join(lab.scratch, 'run-7-556-dddddd'), old, old);
  lab.self = { ...selfFacts, pidNamespace: 'pid:[1]', isAlive: (pid) => pid === 100 };
  await lab.backup();
  expect(readdirSync(lab.scratch).sort()).toEqual([
    'notes',
    'run-1-100-bbbbbb',
    'run-7-555-cccccc',
  ]);
});

test('the scratch folder is not backed up where it lies below a path', async () => {
  await using lab = await openSmallLab();
  mkdirSync(lab.scratch);
  copyFileSync(lab.app.database, join(lab.scratch, 'image-of-another-run.db'));
  const result = await lab.backup({ subject: { ...withoutConfig, paths: [lab.join('.')] } });
  expect(result.manifest.databases.map(({ path }) => path)).toEqual([lab.app.database]);
});
