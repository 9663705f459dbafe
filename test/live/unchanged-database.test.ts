/** A database that nobody committed to since the last backup is taken over from it, and rightly so. */
import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import type { BackupResult } from '../../src/operations/backup-input.ts';
import {
  hastyClock,
  openBackupLab,
  readSnapshotFiles,
  type BackupLab,
} from '../support/backup-lab.ts';
import { makeDatabase, openSession } from '../support/sqlite-session.ts';
import { SeededRandom } from '../support/wishlist-app/seeded-random.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Longer than the file's times need to tell two writes apart. */
const SETTLE_MS = 60;
const STEPS = Number(process.env['KEEPSAKE_SOAK_BACKUPS'] ?? 30);
const PLENTY_OF_TIME_MS = 60_000 + STEPS * 2000;

async function openSettledLab(clock: Clock = hastyClock): Promise<BackupLab> {
  const lab = await openBackupLab({ app: { items: 8, users: 3 }, clock });
  await sleep(SETTLE_MS);
  return lab;
}

function captureMethod({ manifest }: BackupResult): string | undefined {
  return manifest.databases[0]?.captureMethod;
}

async function storedDatabase(lab: BackupLab, result: BackupResult): Promise<Uint8Array> {
  const repository = await lab.open();
  const { tree } = await repository.loadSnapshot(result.snapshotId ?? '');
  const files = await readSnapshotFiles(repository, { tree, folder: lab.app.root });
  return files.get('data/prod.db')?.bytes ?? new Uint8Array();
}

test('a stopped app’s database is read once, and then taken over with facts and cross-check', async () => {
  await using lab = await openSettledLab();
  const first = await lab.backup();
  const second = await lab.backup();
  expect([captureMethod(first), captureMethod(second)]).toEqual(['raw-stopped', 'unchanged']);
  const { captureMethod: _, capturedAt: before, ...facts } = first.manifest.databases[0] ?? {};
  expect(second.manifest.databases[0]).toMatchObject(facts);
  expect(second.manifest.databases[0]?.capturedAt).not.toBe(before);
  expect(second.manifest.references).toEqual(first.manifest.references);
  expect(second.manifest.orphans).toEqual(first.manifest.orphans);
  expect(second.outcome).toBe('ok');
  expect(second.counts.filesChanged).toBe(0);
  expect(await storedDatabase(lab, second)).toEqual(await storedDatabase(lab, first));
  expect(captureMethod(await lab.backup())).toBe('unchanged');
});

test('beside a running app a database is taken over until the next commit, in either mode', async () => {
  for (const journalMode of ['WAL', 'DELETE']) {
    await using lab = await openSettledLab();
    await using app = await openSession(
      lab.app.database,
      `PRAGMA journal_mode = ${journalMode}; CREATE TABLE n(a); INSERT INTO n VALUES (1)`,
    );
    await sleep(SETTLE_MS);
    const methods: unknown[] = [];
    const rows: unknown[] = [];
    const step = async () => {
      const result = await lab.backup();
      methods.push(captureMethod(result));
      rows.push(result.manifest.databases[0]?.tables.find(({ name }) => name === 'n')?.rowCount);
      await sleep(SETTLE_MS);
    };
    await step();
    await step();
    await app.exec('BEGIN; INSERT INTO n VALUES (2)');
    await step();
    await app.exec('COMMIT');
    await sleep(SETTLE_MS);
    await step();
    await step();
    const inBetween = journalMode === 'WAL' ? 'unchanged' : 'raw';
    expect(methods).toEqual(['raw', 'unchanged', inBetween, 'raw', 'unchanged']);
    expect(rows).toEqual([1, 1, 1, 2, 2]);
  }
});

test('a checkpoint and a restart of the log are read again', async () => {
  await using lab = await openSettledLab();
  await using app = await openSession(
    lab.app.database,
    'PRAGMA journal_mode = WAL; CREATE TABLE n(a); INSERT INTO n VALUES (1)',
  );
  for (const sql of ['PRAGMA wal_checkpoint(FULL)', 'UPDATE n SET a = 2', 'UPDATE n SET a = 3']) {
    await app.exec(sql);
    await sleep(SETTLE_MS);
    expect(captureMethod(await lab.backup())).toBe('raw');
    expect(captureMethod(await lab.backup())).toBe('unchanged');
  }
});

test('each commit is in the next backup, however soon that comes', async () => {
  await using lab = await openSettledLab();
  for (let round = 0; round < 4; round += 1) {
    makeDatabase(lab.app.database, `PRAGMA user_version = ${round}`);
    const { manifest } = await lab.backup();
    expect(manifest.databases[0]?.userVersion).toBe(round);
  }
});

test('all of it is read again after a week, and when the clock was set back', async () => {
  let shiftMs = 0;
  const clock = { ...hastyClock, now: () => new Date(systemClock.now().getTime() + shiftMs) };
  await using lab = await openSettledLab(clock);
  await lab.backup();
  const methods: unknown[] = [];
  for (const days of [6, 8, 9, 16, 2]) {
    shiftMs = days * DAY_MS;
    methods.push(captureMethod(await lab.backup()));
  }
  expect(methods).toEqual(['unchanged', 'raw-stopped', 'unchanged', 'raw-stopped', 'raw-stopped']);
});

test('whoever asks for the backup of SQLite gets one each time', async () => {
  await using lab = await openSettledLab();
  makeDatabase(lab.app.database, 'PRAGMA journal_mode = DELETE');
  await sleep(SETTLE_MS);
  expect(captureMethod(await lab.backup())).toBe('raw');
  expect(captureMethod(await lab.backup({ captureMethod: 'backup' }))).toBe('backup');
});

test('another file with the same content, size and time is read', async () => {
  await using lab = await openSettledLab();
  await lab.backup();
  const copy = lab.join('copy');
  copyFileSync(lab.app.database, copy);
  rmSync(lab.app.database);
  copyFileSync(copy, lab.app.database);
  await sleep(SETTLE_MS);
  expect(captureMethod(await lab.backup())).toBe('raw-stopped');
});

test(
  'the cross-check of a database taken over is the one that reading it would give',
  async () => {
    await using lab = await openSettledLab();
    const random = new SeededRandom(7);
    const { uploads, database } = lab.app;
    const names = readdirSync(uploads);
    const steps: (() => void)[] = [
      () => rmSync(join(uploads, random.pick(names)), { force: true }),
      () => writeFileSync(join(uploads, random.pick(names)), 'again'),
      () => writeFileSync(join(uploads, `orphan-${random.below(5)}.webp`), 'x'),
      () => rmSync(join(uploads, `orphan-${random.below(5)}.webp`), { force: true }),
      () =>
        makeDatabase(database, `UPDATE items SET imageUrl = 'n-${random.below(3)}' WHERE id = 2`),
      () => writeFileSync(join(uploads, `n-${random.below(3)}`), 'named'),
      () => {},
    ];
    let takenOver = 0;
    for (let done = 0; done < STEPS; done += 1) {
      random.pick(steps)();
      if (random.chance(0.5)) await sleep(SETTLE_MS);
      const result = await lab.backup();
      if (captureMethod(result) === 'unchanged') takenOver += 1;
      // Another host has no parent, and so reads all.
      const fresh = await lab.backup({ hostname: `h${done}` });
      expect(captureMethod(fresh)).not.toBe('unchanged');
      const tell = ({ manifest: { references, orphans, databases } }: BackupResult) => ({
        references: references.map((one) => ({ ...one, missing: [...one.missing].sort() })),
        orphans,
        schema: databases[0]?.schemaHash,
      });
      expect(tell(result)).toEqual(tell(fresh));
    }
    expect(takenOver).toBeGreaterThan(STEPS / 5);
  },
  PLENTY_OF_TIME_MS,
);
