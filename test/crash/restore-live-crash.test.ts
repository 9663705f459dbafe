/** `restore --live` that dies at any of its calls: the database is the old or the new one, whole. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { overwriteDatabase } from '../../src/sqlite/overwrite-database.ts';
import { hasDatabaseMagic } from '../../src/source/sqlite-files.ts';
import { PLACE_NAME } from '../../src/operations/in-place/change-journal.ts';
import { crashStep, tellDeaths } from '../support/crash-steps.ts';
import { FillingDisk } from '../support/filling-disk.ts';
import type { FileLayerCall } from '../support/intercepted-file-layer.ts';
import { openInPlaceLab, type InPlaceLab } from '../support/in-place-lab.ts';
import { Life } from '../support/life.ts';
import { openSession } from '../support/sqlite-session.ts';

const STEP = crashStep(5);
const FULL_STEP = crashStep(10);
const SINCE = 'written since the crash';

interface Lab {
  readonly lab: InPlaceLab;
  readonly before: string;
  readonly after: string;
  /** A live restore has everything ready and has not touched the database. */
  readonly reset: () => void;
}

let parts: Lab;
beforeAll(async () => {
  const { lab, snapshot } = await openInPlaceLab();
  const { database } = lab.backup.app;
  const toStart = lab.freeze();
  const before = rowsOf(database);
  const run = { live: true, part: 'database', unreachable: true } as const;
  await lab.restore(snapshot, run);
  const after = rowsOf(database);
  toStart();
  const life = new Life();
  const intercept = ({ path }: { path: string }): void => {
    if (path.includes('/old')) life.end();
    life.check();
  };
  await expect(lab.restore(snapshot, { ...run, life, intercept })).rejects.toThrow();
  parts = { lab, before, after, reset: lab.freeze() };
});
afterAll(() => parts.lab[Symbol.asyncDispose]());

/** Of a copy with its sidecars, as whoever opens it next finds it; it is sound. */
function rowsOf(database: string): string {
  const folder = mkdtempSync(join(dirname(dirname(dirname(database))), 'look-'));
  for (const end of ['', '-wal', '-journal']) {
    if (existsSync(database + end)) cpSync(database + end, join(folder, `db${end}`));
  }
  using db = new DatabaseSync(join(folder, 'db'));
  expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  const rows = db.prepare('SELECT id, name FROM items ORDER BY id').all();
  rmSync(folder, { recursive: true });
  return JSON.stringify(rows);
}

/** The app goes on. */
function writeAs(app: string, name: string): void {
  using db = new DatabaseSync(app);
  db.prepare('UPDATE items SET name = ? WHERE id = (SELECT max(id) FROM items)').run(name);
}

/** Rows of the databases that are kept beside the app. */
function keptRows({ root }: InPlaceLab): string[] {
  const places = readdirSync(root).filter((name) => PLACE_NAME.test(name));
  const files = places.flatMap((place) =>
    readdirSync(join(root, place), { recursive: true, withFileTypes: true }),
  );
  return files
    .filter((file) => file.isFile() && hasDatabaseMagic(join(file.parentPath, file.name)))
    .filter(({ name, parentPath }) => !parentPath.includes('/new/') && !name.endsWith('.half'))
    .map(({ name, parentPath }) => rowsOf(join(parentPath, name)));
}

/** After a death. */
async function judge({ lab, before, after }: Lab): Promise<void> {
  const { database } = lab.backup.app;
  const back = lab.freeze();
  const rows = rowsOf(database);
  expect([before, after]).toContain(rows);
  const isWritten = rows === after;
  if (isWritten) expect(keptRows(lab)).toContain(before);
  if ((await lab.unfinished()).length === 0) return;
  for (const direction of ['undo', 'resume'] as const) {
    back();
    writeAs(database, SINCE);
    await lab.end(direction, { unreachable: true });
    const now = rowsOf(database);
    const mayKeepWriting = direction === 'undo' ? rows === before : isWritten;
    if (!(mayKeepWriting && now.includes(SINCE))) {
      expect(now).toBe(direction === 'undo' ? before : after);
    }
    // Nothing that was committed is gone from the disk.
    const kept = [now, ...keptRows(lab)].join();
    expect(kept.includes(SINCE), `what was written before the ${direction}`).toBe(true);
    expect(lab.service.calls).toEqual([]);
  }
}

test('killed at its n-th call, for each n, and whatever the app writes after that, nothing is lost', async () => {
  let deaths = 0;
  for (let n = 1; ; n += STEP) {
    parts.reset();
    const life = new Life(n);
    await parts.lab.end('resume', { life, unreachable: true }).catch(() => {});
    if (!life.isOver) break;
    deaths += 1;
    await judge(parts);
  }
  tellDeaths('restore --live', deaths);
  expect(deaths).toBeGreaterThan(5);
});

test('an undo that the app does not let write keeps the copy of the old state, and can be done again', async () => {
  const { lab, before, after } = parts;
  parts.reset();
  const { database } = lab.backup.app;
  const life = new Life();
  const intercept = ({ name }: FileLayerCall): void => {
    if (name === 'createFile' && rowsOf(database) === after) life.end();
    life.check();
  };
  await expect(lab.end('resume', { life, intercept, unreachable: true })).rejects.toThrow();
  await using app = await openSession(database, 'BEGIN IMMEDIATE');
  const run = { unreachable: true, machine: { lockLimitMs: 500 } };
  await expect(lab.end('undo', run)).rejects.toMatchObject({ code: 'CHANGE_STUCK' });
  await app.exec('ROLLBACK');
  await app.close();
  expect(keptRows(lab)).toContain(before);
  await lab.end('undo', { unreachable: true });
  expect(rowsOf(database)).toBe(before);
});

test('a disk that is full from the n-th call on leaves the old rows or the new ones, and an end', async () => {
  const { lab, before, after } = parts;
  let full = 0;
  for (let n = 1; ; n += FULL_STEP) {
    parts.reset();
    const disk = new FillingDisk(n);
    const { intercept } = disk;
    const isDone = await lab.end('resume', { intercept, unreachable: true }).then(
      () => true,
      (error: unknown) => {
        expect(error).not.toMatchObject({ code: 'CHANGE_STUCK' });
        return false;
      },
    );
    const rows = rowsOf(lab.backup.app.database);
    expect(isDone ? [after] : [before, after]).toContain(rows);
    if (rows === after) expect(keptRows(lab)).toContain(before);
    if (disk.calls < n) break;
    full += 1;
  }
  tellDeaths('restore --live, disk full', full);
});

test('a database that its app keeps locked is left as it was, and nothing beside it', async () => {
  const { lab, before } = parts;
  parts.reset();
  const { database } = lab.backup.app;
  await using app = await openSession(database, 'BEGIN IMMEDIATE');
  const machine = { lockLimitMs: 2000 };
  await expect(lab.end('resume', { machine, unreachable: true })).rejects.toMatchObject({
    code: 'CHANGE_FAILED',
    message: expect.stringContaining('was locked by its app for') as string,
  });
  await app.exec('ROLLBACK');
  await app.close();
  expect(rowsOf(database)).toBe(before);
  expect(readdirSync(lab.root).filter((name) => PLACE_NAME.test(name))).toEqual([]);
});

/** Rows of 4 KiB, so that writing them takes a moment; returns its path. */
function layDatabase(name: string, { mode, fill }: { mode: string; fill: string }): string {
  const path = parts.lab.backup.join(name);
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true });
  using db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)`);
  const many = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)';
  db.prepare(`${many} INSERT INTO items SELECT i, ? FROM n`).run(fill.repeat(4000));
  return path;
}

test.each(['wal', 'delete'])(
  'the process that writes a live database, killed at any moment, leaves the old or the new one (%s)',
  async (mode) => {
    const [image, before] = [layDatabase('image.db', { mode: 'delete', fill: 'n' }), 'o'];
    let cutOff = 0;
    for (const limitMs of [0, 20, 35, 50, 70, 90, 120]) {
      const target = layDatabase('target.db', { mode, fill: before });
      const [old, wanted] = [rowsOf(target), rowsOf(image)];
      const written = overwriteDatabase({ image, target, limitMs, clock: systemClock });
      const isWritten = await written.then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'DATABASE_WRITE_CUT_OFF' });
          cutOff += 1;
          return false;
        },
      );
      expect(isWritten ? [wanted] : [old, wanted]).toContain(rowsOf(target));
    }
    expect(cutOff).toBeGreaterThan(0);
  },
);
