/** A large database is checked by SQLite once a day; what is damaged in between is found, or found then. */
import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { BackupResult } from '../../src/operations/backup-input.ts';
import { hastyClock, openBackupLab, type BackupChanges } from '../support/backup-lab.ts';

const HOUR_MS = 60 * 60_000;
/** Longer than the file's times need to tell two writes apart. */
const SETTLE_MS = 60;
const LEAF_TABLE = 13;

async function openLargeLab() {
  const time = { shiftMs: 0 };
  const now = () => new Date(systemClock.now().getTime() + time.shiftMs);
  const lab = await openBackupLab({
    app: { items: 8, users: 3, journalMode: 'delete' },
    clock: { ...hastyClock, now },
  });
  const change = async (sql: string): Promise<void> => {
    const database = new DatabaseSync(lab.app.database);
    database.exec(`PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; ${sql}`);
    database.close();
    await sleep(SETTLE_MS);
  };
  await change(`CREATE TABLE bulk(id INTEGER PRIMARY KEY, b);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
    INSERT INTO bulk SELECT i, zeroblob(3700) FROM n`);
  const backupAfter = (hours: number, changes: BackupChanges = {}): Promise<BackupResult> => {
    time.shiftMs = hours * HOUR_MS;
    return lab.backup(changes);
  };
  return {
    lab,
    change,
    backupAfter,
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

function checkOf({ manifest }: BackupResult) {
  const { integrity, foreignKeyViolations, checkedAt, capturedAt, captureMethod } =
    manifest.databases[0] ?? {};
  const { result, check } = integrity ?? {};
  const isNow = checkedAt === capturedAt;
  return { result, check, isNow, broken: foreignKeyViolations, captureMethod };
}

test('SQLite checks a large database once a day, each time if asked, and the manifest says when', async () => {
  await using made = await openLargeLab();
  const { change, backupAfter } = made;
  const full = { result: 'ok', check: 'quick_check', isNow: true, broken: 0 };
  const partly = { ...full, check: 'changed_pages', isNow: false };
  expect(checkOf(await backupAfter(0))).toMatchObject(full);
  await change("UPDATE user SET name = 'x'; DELETE FROM user WHERE rowid = 1");
  expect(checkOf(await backupAfter(1))).toMatchObject(partly);
  expect(checkOf(await backupAfter(2))).toMatchObject({ ...partly, captureMethod: 'unchanged' });
  // Rows that point nowhere since then are counted a day after the last check.
  const daily = checkOf(await backupAfter(21));
  expect(daily).toMatchObject({ ...full, broken: expect.any(Number), captureMethod: 'raw' });
  expect(daily.broken).toBeGreaterThan(0);
  await change("UPDATE user SET name = 'y'");
  expect(checkOf(await backupAfter(60, { databaseCheck: 'weekly' }))).toMatchObject({
    ...partly,
    broken: daily.broken,
  });
  const asked = checkOf(await backupAfter(61, { databaseCheck: 'always' }));
  expect(asked).toMatchObject({ ...full, broken: daily.broken, captureMethod: 'raw' });
});

test('a changed page without the shape of one has all of the database checked at once', async () => {
  await using made = await openLargeLab();
  const { lab, change, backupAfter } = made;
  await backupAfter(0);
  const bytes = readFileSync(lab.app.database);
  bytes.fill(0xaa, bytes.length - 4096 * 100, bytes.length - 4096 * 99);
  writeFileSync(lab.app.database, bytes);
  await change("UPDATE user SET name = 'x'");
  const found = await backupAfter(1);
  const damaged = { result: 'damaged', check: 'quick_check', isNow: true };
  // SQLite's own copy is damaged, too: the damage is the database's.
  expect(checkOf(found)).toMatchObject({ ...damaged, captureMethod: 'backup' });
  expect(found.tags).toContain('damaged');
  // Once damaged it is checked in full at each backup, changed or not.
  expect(checkOf(await backupAfter(2))).toMatchObject(damaged);
});

test('damage that no shape shows is found by the check of the day', async () => {
  await using made = await openLargeLab();
  const { lab, change, backupAfter } = made;
  await backupAfter(0);
  const bytes = readFileSync(lab.app.database);
  swapTwoCells(bytes);
  writeFileSync(lab.app.database, bytes);
  await change("UPDATE user SET name = 'x'");
  const hidden = await backupAfter(1);
  expect(checkOf(hidden)).toMatchObject({ result: 'ok', check: 'changed_pages' });
  const found = await backupAfter(22);
  expect(checkOf(found)).toMatchObject({ result: 'damaged', check: 'quick_check' });
  expect(found.tags).toContain('damaged');
});

/** Two rows of a leaf in the wrong order. */
function swapTwoCells(bytes: Buffer): void {
  for (let at = bytes.length - 4096; at > 0; at -= 4096) {
    if (bytes.readUInt8(at) !== LEAF_TABLE || bytes.readUInt16BE(at + 3) < 2) continue;
    const [first, second] = [bytes.readUInt16BE(at + 8), bytes.readUInt16BE(at + 10)];
    bytes.writeUInt16BE(second, at + 8);
    bytes.writeUInt16BE(first, at + 10);
    return;
  }
  throw new Error('there is no leaf with two rows');
}
