import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { judgeCopies } from './judge-copies.ts';
import { MemberTable } from './member-table.ts';

const PAGE_BYTES = 4096;

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keepsake-judge-'));
  path = join(dir, 'db');
  using database = new DatabaseSync(path);
  database.exec(
    `PRAGMA page_size = ${PAGE_BYTES}; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t(b);
     WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
     INSERT INTO t SELECT x, 'row number ' || (x * 7919 % 2000) FROM n`,
  );
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function judged() {
  const table = new MemberTable('/a.tar');
  const member = {
    name: 'db',
    type: 'file',
    stMode: 0o600,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    mtimeNs: 0n,
    sizeBytes: 1,
    linkTarget: '',
    device: 0n,
    extendedAttributes: [],
  } as const;
  table.add('db', member, { isDatabase: true });
  const databases = table.databases().map((database) => ({ ...database, copyPath: path }));
  const found = await judgeCopies(databases, {
    placeOf: (key) => `/srv/${key}`,
    isConfigured: () => true,
    scratchFolder: dir,
    clock: systemClock,
  });
  return found.get('db');
}

test('a copy that SQLite finds sound is sound, with its rows counted', async () => {
  expect(await judged()).toEqual({ path: '/srv/db', verdict: 'sound', rowCount: 2000 });
});

test('an index of another moment than its table makes the copy torn', async () => {
  const before = readFileSync(path);
  {
    using database = new DatabaseSync(path);
    database.exec("UPDATE t SET b = 'new ' || b");
  }
  const mixed = readFileSync(path);
  // The first half of the pages as they were, as a copy has them that the writer overtook.
  const half = Math.floor(before.length / PAGE_BYTES / 2) * PAGE_BYTES;
  before.copy(mixed, PAGE_BYTES, PAGE_BYTES, half);
  writeFileSync(path, mixed);
  expect(await judged()).toMatchObject({ verdict: 'torn' });
});

test('a row missing from an index alone makes the copy torn', async () => {
  const bytes = readFileSync(path);
  // Stands in the table and in the index; here only one of them.
  bytes.write('row number 7777', bytes.indexOf('row number 1234'));
  writeFileSync(path, bytes);
  expect(await judged()).toMatchObject({ verdict: 'torn', rowCount: 2000 });
});

test('rows that point nowhere are told apart from torn ones', async () => {
  {
    using database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    database.exec('CREATE TABLE c(a REFERENCES t(a)); INSERT INTO c VALUES (99999)');
  }
  expect(await judged()).toMatchObject({ verdict: 'broken-references' });
});

test('what only begins as a database is torn, and so is one without tables', async () => {
  writeFileSync(path, readFileSync(path).subarray(0, 600));
  expect(await judged()).toMatchObject({ verdict: 'torn', rowCount: 0 });
  rmSync(path);
  {
    using database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 3');
  }
  expect(await judged()).toMatchObject({ verdict: 'torn' });
});
