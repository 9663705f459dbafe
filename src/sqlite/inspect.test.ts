/** What is found out of an image: its tables and schema, whether it is sound, what its rows name. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { openLab } from '../../test/support/capture-lab.ts';
import { openGate } from './gate.ts';
import { inspectImage, readReferences } from './inspect.ts';
import { damagePage, FORTY_ROWS } from '../../test/support/capture-lab.ts';
import { makeDatabase } from '../../test/support/sqlite-session.ts';

const gate = openGate();
afterAll(() => gate[Symbol.asyncDispose]());

test('virtual tables are named but not counted, their shadow tables are both', async () => {
  await using lab = await openLab(gate);
  makeDatabase(
    lab.path(),
    `CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('a'), ('b');
     CREATE TABLE "order by"(a); CREATE TABLE "quo""te"(a); INSERT INTO "quo""te" VALUES (1);
     CREATE VIEW v AS SELECT 1; CREATE TABLE s(a INTEGER PRIMARY KEY AUTOINCREMENT); ANALYZE;
     PRAGMA writable_schema = ON;
     INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'CREATE VIRTUAL TABLE x USING vec0(a)')`,
  );
  await using captured = await lab.capture();
  const tables = captured.facts.tables.filter(({ kind }) => kind !== 'shadow');
  expect(tables).toEqual([
    { name: 'f', kind: 'virtual', rowCount: null },
    { name: 'order by', kind: 'table', rowCount: 0 },
    { name: 'quo"te', kind: 'table', rowCount: 1 },
    { name: 's', kind: 'table', rowCount: 0 },
    { name: 'x', kind: 'virtual', rowCount: null },
  ]);
  expect(captured.facts.tables).toContainEqual({ name: 'f_content', kind: 'shadow', rowCount: 2 });
  expect(captured.facts.integrity.result).toBe('ok');
});

test('the schema hash depends on the schema alone', async () => {
  await using lab = await openLab(gate);
  const hashAfter = async (name: string, sql: string) => {
    makeDatabase(lab.path(name), sql);
    await using captured = await lab.capture({ path: lab.path(name) });
    return captured.facts.schemaHash;
  };
  const plain = await hashAfter('a.db', 'CREATE TABLE t(a, b); CREATE INDEX i ON t(a)');
  expect(plain).toMatch(/^[0-9a-f]{64}$/);
  const withRows =
    'CREATE TABLE t(a, b); CREATE INDEX i ON t(a); INSERT INTO t VALUES (1, 2); ANALYZE; VACUUM';
  expect(await hashAfter('b.db', withRows)).toBe(plain);
  expect(await hashAfter('c.db', 'CREATE TABLE t(a, b); CREATE INDEX i ON t(b)')).not.toBe(plain);
});

test('the newest finished Prisma migration is named, unfinished ones are counted', async () => {
  await using lab = await openLab(gate);
  makeDatabase(
    lab.path(),
    `CREATE TABLE _prisma_migrations(id, migration_name, started_at, finished_at, rolled_back_at);
     INSERT INTO _prisma_migrations VALUES (1, '2024_init', 1, 10, NULL), (2, '2025_wal', 2, 30, NULL),
       (3, '2025_undone', 3, 40, 50), (4, '2026_stuck', 4, NULL, NULL), (5, '2026_failed', 5, NULL, 60)`,
  );
  await using captured = await lab.capture();
  expect(captured.facts).toMatchObject({ lastMigration: '2025_wal', unfinishedMigrations: 1 });
});

test('foreign keys without a parent are counted, those that name no key are listed', async () => {
  await using lab = await openLab(gate);
  makeDatabase(
    lab.path(),
    `PRAGMA foreign_keys = OFF; CREATE TABLE p(id INTEGER PRIMARY KEY, x);
     CREATE TABLE c(p REFERENCES p(id)); INSERT INTO c VALUES (7), (8), (NULL);
     CREATE TABLE d(p REFERENCES p(x)); INSERT INTO d VALUES (1)`,
  );
  await using captured = await lab.capture();
  expect(captured.facts).toMatchObject({ foreignKeyViolations: 2, foreignKeysUnchecked: ['d'] });
});

test('tables that need the app’s own collation are named as unchecked, the others are checked', async () => {
  await using lab = await openLab(gate);
  makeDatabase(
    lab.path(),
    `CREATE TABLE t(a INTEGER PRIMARY KEY, b); ${FORTY_ROWS}; CREATE TABLE c(a TEXT); CREATE INDEX i ON c(a);
     PRAGMA writable_schema = ON;
     UPDATE sqlite_schema SET sql = 'CREATE TABLE c(a TEXT COLLATE weird)' WHERE name = 'c'`,
  );
  await using captured = await lab.capture();
  expect(captured.facts.integrity).toMatchObject({ result: 'ok', uncheckedTables: ['c'] });
  damagePage(lab.path(), 5);
  await using damaged = await lab.capture();
  expect(damaged.facts.integrity).toMatchObject({ result: 'damaged', uncheckedTables: ['c'] });
});

test('damage below the schema is told in the facts, and the image is there to be kept', async () => {
  await using lab = await openLab(gate);
  makeDatabase(lab.path(), `CREATE TABLE t(a INTEGER PRIMARY KEY, b); ${FORTY_ROWS}`);
  damagePage(lab.path(), 4);
  await using captured = await lab.capture();
  expect(captured.facts.integrity.result).toBe('damaged');
  expect(captured.facts.integrity.problems).not.toEqual([]);
});

test('only the full check finds an index that differs from its table', async () => {
  await using lab = await openLab(gate);
  makeDatabase(
    lab.path(),
    `CREATE TABLE t(a, b); INSERT INTO t VALUES ('aaaa', 1), ('bbbb', 2);
     CREATE INDEX i ON t(a)`,
  );
  const bytes = readFileSync(lab.path());
  bytes.write('cccc', bytes.lastIndexOf('aaaa'));
  writeFileSync(lab.path(), bytes);
  await using captured = await lab.capture();
  expect(captured.facts.integrity.result).toBe('ok');
  const full = await inspectImage(captured.imagePath, { fullIntegrity: true });
  expect(full.integrity).toMatchObject({ result: 'damaged', check: 'integrity_check' });
});

test('inspecting an image leaves nothing beside it', async () => {
  await using lab = await openLab(gate);
  makeDatabase(lab.path(), 'PRAGMA journal_mode = WAL; CREATE TABLE t(a)');
  await using captured = await lab.capture();
  await inspectImage(captured.imagePath);
  await using again = await lab.capture({ path: captured.imagePath });
  expect(again.method).toBe('raw-stopped');
});

test('references are the text values of the named columns', async () => {
  await using lab = await openLab(gate);
  makeDatabase(
    lab.path(),
    `CREATE TABLE "group"("image Url", n); INSERT INTO "group" VALUES ('--1.webp', 1), (NULL, 2), (7, 3);
     CREATE TABLE "user"(picture); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
       INSERT INTO "user" SELECT 'u' || i || '.webp' FROM n`,
  );
  await using captured = await lab.capture();
  const references = [
    { table: 'group', column: 'image Url' },
    { table: 'user', column: 'picture' },
  ];
  const found = await Array.fromAsync(readReferences(captured.imagePath, references, { gate }));
  expect(found).toHaveLength(2501);
  expect([found[0], found.at(-1)]).toEqual(['--1.webp', 'u2500.webp']);
  for (const missing of [
    { table: 'group', column: 'nope' },
    { table: 'nope', column: 'picture' },
  ]) {
    const read = Array.fromAsync(
      readReferences(captured.imagePath, [references[1]!, missing], { gate }),
    );
    await expect(read).rejects.toMatchObject({ code: 'DATABASE_COLUMN_MISSING', details: missing });
  }
});
