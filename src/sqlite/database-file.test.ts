import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import {
  decodeDatabaseHeader,
  formatSqliteVersion,
  isSidecarName,
  sidecarsOf,
  sniffDatabase,
} from './database-file.ts';

async function headerAfter(sql: string) {
  await using dir = await tempFolder();
  const database = new DatabaseSync(dir.join('a.db'));
  database.exec(sql);
  database.close();
  return decodeDatabaseHeader(readFileSync(dir.join('a.db')));
}

test('the header says what SQLite was told', async () => {
  const header = await headerAfter(
    `PRAGMA page_size = 8192; PRAGMA encoding = 'UTF-16be'; PRAGMA auto_vacuum = INCREMENTAL;
     PRAGMA user_version = -7; PRAGMA application_id = 4242; PRAGMA journal_mode = WAL;
     CREATE TABLE t(a)`,
  );
  expect(header).toMatchObject({
    pageSize: 8192,
    pageCount: 3,
    walMode: true,
    reservedBytesPerPage: 0,
    schemaCookie: 1,
    autoVacuum: 'incremental',
    encoding: 'UTF-16be',
    userVersion: -7,
    applicationId: 4242,
  });
  expect(formatSqliteVersion(header?.versionNumber ?? 0)).toBe(process.versions.sqlite);
});

test.each([512, 1024, 4096, 32_768, 65_536])('a page size of %i is read', async (pageSize) => {
  const header = await headerAfter(`PRAGMA page_size = ${pageSize}; CREATE TABLE t(a)`);
  expect(header).toMatchObject({ pageSize, walMode: false, autoVacuum: 'none', encoding: 'UTF-8' });
});

test('a database is told by its first 16 bytes', () => {
  const magic = Buffer.from('SQLite format 3\0');
  expect(sniffDatabase(magic)).toBe(true);
  expect(sniffDatabase(Buffer.concat([magic, Buffer.alloc(84)]))).toBe(true);
  expect(sniffDatabase(magic.subarray(0, 15))).toBe(false);
  expect(sniffDatabase(Buffer.from('SQLite format 4\0'))).toBe(false);
  expect(sniffDatabase(new Uint8Array())).toBe(false);
});

test.each([0, 2, 256, 513, 4095])('a page size field of %i is no database', (field) => {
  const bytes = Buffer.alloc(100);
  bytes.write('SQLite format 3\0');
  bytes.writeUInt16BE(field, 16);
  expect(decodeDatabaseHeader(bytes)).toBeUndefined();
});

test('fewer than 100 bytes are no header', () => {
  expect(decodeDatabaseHeader(Buffer.from('SQLite format 3\0'.padEnd(99)))).toBeUndefined();
});

test('sidecars are told by their names', () => {
  expect(sidecarsOf('/data/prod.db')).toEqual([
    '/data/prod.db-wal',
    '/data/prod.db-shm',
    '/data/prod.db-journal',
  ]);
  for (const name of ['prod.db-wal', 'x-shm', 'prod.db-journal']) {
    expect(isSidecarName(name)).toBe(true);
  }
  for (const name of ['prod.db', '-wal', 'prod.db-wal.bak', 'wal']) {
    expect(isSidecarName(name)).toBe(false);
  }
});
