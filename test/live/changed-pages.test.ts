/** Captures of only what was committed since the last one, each against a copy by SQLite itself. */
import { copyFileSync, readFileSync, renameSync, utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { captureChanges, type CaptureChangesOptions } from '../../src/sqlite/capture-changes.ts';
import type { DatabaseContents } from '../../src/sqlite/database-facts.ts';
import { openGate } from '../../src/sqlite/gate.ts';
import type { BackupResult } from '../../src/operations/backup-input.ts';
import { openBackupLab, readSnapshotFiles, type BackupLab } from '../support/backup-lab.ts';
import { openLab, type CaptureLab } from '../support/capture-lab.ts';
import { comparable } from '../support/comparable-image.ts';
import { applyChanges, followedImage, type FollowedImage } from '../support/followed-image.ts';
import { makeDatabase, openSession, type SqliteSession } from '../support/sqlite-session.ts';
import { SeededRandom } from '../support/wishlist-app/seeded-random.ts';
import { HostileSqliteApp } from '../support/hostile-sqlite-app.ts';

const STEPS = Number(process.env['KEEPSAKE_SOAK_CAPTURES'] ?? 30);
const SEED = Number(process.env['KEEPSAKE_SOAK_SEED'] ?? 1);
const PLENTY_OF_TIME_MS = 120_000 + STEPS * 1500;
/** Longer than the file's times need to tell two writes apart. */
const SETTLE_MS = 60;
const PIECE_BYTES = 8192;

const gate = openGate();
afterAll(() => gate[Symbol.asyncDispose]());

const SCHEMA = `PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = WAL;
  CREATE TABLE tail(b); CREATE TABLE t(id INTEGER PRIMARY KEY, n, b); CREATE INDEX t_n ON t(n);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
  INSERT INTO t SELECT i, i, zeroblob(1500) FROM n`;
const REFERENCES = [{ table: 't', column: 'n' }];

async function captureAll(lab: CaptureLab): Promise<FollowedImage | undefined> {
  await using captured = await lab.capture();
  const { state, contents } = captured;
  const bytes = readFileSync(captured.imagePath);
  return followedImage(bytes, state, { ...contents, pieceBytes: PIECE_BYTES });
}

interface Changes {
  readonly known: FollowedImage;
  readonly pieces: number;
  readonly contents: DatabaseContents;
  readonly texts: readonly string[];
}

async function captureSince(
  { lab, known }: { lab: CaptureLab; known: FollowedImage },
  atChangedStage?: CaptureChangesOptions['atChangedStage'],
): Promise<Changes | undefined> {
  const texts: string[] = [];
  await using captured = await captureChanges({
    path: lab.path(),
    scratchFolder: lab.scratch,
    configured: true,
    clock: systemClock,
    gate,
    earlier: known.earlier,
    whileHeld: async (readTexts) => {
      texts.push(...(await Array.fromAsync(readTexts(REFERENCES))));
    },
    atChangedStage,
  });
  if (captured === undefined) return undefined;
  const { next, overlooked } = applyChanges(known, captured);
  expect(overlooked).toEqual([]);
  const { contents, changedPieces } = captured;
  return { known: next, pieces: changedPieces.size, contents, texts };
}

async function assertAsBySqlite(lab: CaptureLab, changes: Changes): Promise<void> {
  await using oracle = await lab.capture({ method: 'backup' });
  const expected = readFileSync(oracle.imagePath);
  expect(comparable(changes.known.bytes).equals(comparable(expected))).toBe(true);
  const { sqliteVersion: _, ...contents } = oracle.contents;
  expect(changes.contents).toMatchObject(contents);
}

test(
  'each capture of changes is what a copy by SQLite is, page for page',
  async () => {
    await using lab = await openLab(gate);
    makeDatabase(lab.path(), SCHEMA);
    const random = new SeededRandom(SEED);
    const session = await openSession(lab.path(), "UPDATE t SET n = 'first' WHERE id = 1");
    const app = new HostileSqliteApp(lab, session, random);
    await using reader = await openSession(lab.path());
    await using _ = { [Symbol.asyncDispose]: () => app.session.kill() };
    const counts = { changes: 0, all: 0 };
    let known: FollowedImage | undefined;
    for (let done = 0; done < STEPS; done += 1) {
      const steps = [];
      for (let left = 1 + random.below(3); left > 0; left -= 1) steps.push(await app.step());
      // Reads on and on, which keeps checkpoints from finishing.
      if (random.chance(0.15)) await reader.exec('BEGIN; SELECT count(*) FROM t').catch(() => {});
      else if (random.chance(0.7)) await reader.exec('ROLLBACK').catch(() => {});
      await sleep(SETTLE_MS);
      const changes = known && (await captureSince({ lab, known }));
      if (changes === undefined) {
        counts.all += 1;
        known = await captureAll(lab);
        continue;
      }
      counts.changes += 1;
      await assertAsBySqlite(lab, changes);
      expect(changes.pieces * PIECE_BYTES).toBeLessThan(changes.contents.sizeBytes / 2);
      known = changes.known;
    }
    expect(counts.changes).toBeGreaterThan(STEPS / 10);
    expect(counts.all).toBeGreaterThan(0);
    expect(lab.leftovers()).toEqual([]);
  },
  PLENTY_OF_TIME_MS,
);

async function withKnown(
  work: (made: { lab: CaptureLab; known: FollowedImage; app: SqliteSession }) => Promise<void>,
): Promise<void> {
  await using lab = await openLab(gate);
  makeDatabase(lab.path(), SCHEMA);
  await using app = await openSession(lab.path(), "UPDATE t SET n = 'one' WHERE id = 1");
  await sleep(SETTLE_MS);
  const known = await captureAll(lab);
  if (known === undefined) throw new Error('no state was to be had');
  await app.exec("UPDATE t SET n = 'two' WHERE id = 2");
  await work({ lab, known, app });
}

test('counts and names are of the captured state', async () => {
  await withKnown(async ({ lab, known, app }) => {
    await app.exec("DELETE FROM t WHERE id > 590; UPDATE t SET n = 'three' WHERE id = 3");
    const changes = await captureSince({ lab, known });
    expect(changes?.texts.toSorted()).toEqual(['one', 'three', 'two']);
    expect(changes?.contents.tables).toContainEqual({ name: 't', kind: 'table', rowCount: 590 });
  });
});

test('where a database ends earlier or later than before, the piece at its end is read', async () => {
  await withKnown(async ({ lab, known, app }) => {
    const pageCounts = new Set<number>();
    const look = async (sql: string): Promise<void> => {
      await app.exec(sql);
      const changes = await captureSince({ lab, known });
      if (changes === undefined) throw new Error('all of it would have been read');
      await assertAsBySqlite(lab, changes);
      pageCounts.add(changes.contents.pageCount - known.earlier.pageCount);
    };
    const remove = 'DELETE FROM t WHERE id = (SELECT max(id) FROM t)';
    for (let left = 14; left > 0; left -= 1) await look(remove);
    for (let left = 20; left > 0; left -= 1) {
      await look("INSERT INTO t(n, b) VALUES ('more', zeroblob(1500))");
    }
    expect([...pageCounts].toSorted((a, b) => a - b)).toEqual(
      expect.arrayContaining([-3, -2, -1, 0, 1, 2]),
    );
  });
});

test('a piece that only became shorter, because the database ends earlier, is read', async () => {
  await withKnown(async ({ lab, app }) => {
    // One page each behind all others; what is left of a row when it goes is not next to them.
    const value = '(zeroblob(4585))';
    await app.exec(`INSERT INTO tail VALUES ${value}, ${value}, ${value}, ${value};
      PRAGMA wal_checkpoint(TRUNCATE)`);
    await sleep(SETTLE_MS);
    const known = await captureAll(lab);
    if (known === undefined) throw new Error('no state was to be had');
    const { pageCount } = known.earlier;
    for (const gone of [1, 2, 3]) {
      await app.exec('DELETE FROM tail WHERE rowid = (SELECT max(rowid) FROM tail)');
      const changes = await captureSince({ lab, known });
      if (changes === undefined) throw new Error('all of it would have been read');
      expect(changes.contents.pageCount).toBe(pageCount - gone);
      await assertAsBySqlite(lab, changes);
    }
  });
});

test('a commit while the pages are read makes them worthless', async () => {
  for (const stage of ['log-scanned', 'pages-read']) {
    await withKnown(async ({ lab, known, app }) => {
      const changes = await captureSince({ lab, known }, async (at) => {
        if (at === stage) await app.exec("UPDATE t SET n = 'late' WHERE id = 5");
      });
      expect(changes).toBeUndefined();
      expect(lab.leftovers()).toEqual([]);
      // Nothing is held any more.
      await app.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    });
  }
});

test('a checkpoint since then makes all be read, and one while the pages are read no harm', async () => {
  await withKnown(async ({ lab, known, app }) => {
    await app.exec('PRAGMA wal_checkpoint(PASSIVE)');
    await sleep(SETTLE_MS);
    expect(await captureSince({ lab, known })).toBeUndefined();
  });
  await withKnown(async ({ lab, known, app }) => {
    const changes = await captureSince({ lab, known }, async (at) => {
      if (at === 'log-scanned') await app.exec('PRAGMA wal_checkpoint(PASSIVE)');
    });
    // Under the lock it may have nothing to do.
    if (changes !== undefined) await assertAsBySqlite(lab, changes);
  });
});

test('an older file of the same size, and one that was renamed there, are read whole', async () => {
  await withKnown(async ({ lab, known, app }) => {
    const { mtimeNs } = known.earlier.state.main;
    const old = lab.outside('old.db');
    copyFileSync(lab.path(), old);
    await app.kill();
    copyFileSync(old, lab.path());
    const mtime = Number(mtimeNs) / 1e9;
    utimesSync(lab.path(), mtime, mtime);
    await sleep(SETTLE_MS);
    expect(await captureSince({ lab, known })).toBeUndefined();
    renameSync(old, lab.path());
    expect(await captureSince({ lab, known })).toBeUndefined();
  });
});

async function storedDatabase(lab: BackupLab, result: BackupResult): Promise<Uint8Array> {
  const repository = await lab.open();
  const { tree } = await repository.loadSnapshot(result.snapshotId ?? '');
  const files = await readSnapshotFiles(repository, { tree, folder: lab.app.root });
  return files.get('data/prod.db')?.bytes ?? new Uint8Array();
}

test('a backup of a large database in use stores what was committed since the last one', async () => {
  await using lab = await openBackupLab({ app: { items: 8, users: 3 } });
  await using app = await openSession(
    lab.app.database,
    `CREATE TABLE bulk(id INTEGER PRIMARY KEY, b);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
     INSERT INTO bulk SELECT i, randomblob(3700) FROM n; PRAGMA wal_checkpoint(TRUNCATE)`,
  );
  await sleep(SETTLE_MS);
  await lab.backup();
  for (const id of [1, 2]) {
    await app.exec(`UPDATE bulk SET b = randomblob(3000) WHERE id = ${id * 1000};
      INSERT INTO bulk(b) VALUES (randomblob(9000))`);
    const result = await lab.backup();
    const database = result.manifest.databases[0];
    expect(result.outcome).toBe('ok');
    expect(database).toMatchObject({ captureMethod: 'raw-changes' });
    expect(result.counts.dataBlobs).toBeLessThan(20);
    const oracle = await lab.backup({ captureMethod: 'backup', dryRun: false });
    const [changed, copied] = [
      await storedDatabase(lab, result),
      await storedDatabase(lab, oracle),
    ];
    expect(comparable(changed).equals(comparable(copied))).toBe(true);
    expect(database?.tables).toEqual(oracle.manifest.databases[0]?.tables);
    // The oracle's manifest has no state: a full reading first.
    expect((await lab.backup()).manifest.databases[0]?.captureMethod).toBe('raw');
  }
});
