/** What a backup begins for its captures while it still reads the index. */
import { readdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { openBackupLab, readSnapshotFiles, type BackupLab } from '../support/backup-lab.ts';
import { runInApp } from '../support/archive-lab.ts';
import { watchCopies } from '../support/watched-copies.ts';

const TICK_MS = 60;

async function openUsedLab(): Promise<BackupLab> {
  const lab = await openBackupLab({ app: { items: 5 } });
  await lab.backup();
  return lab;
}

function commit(lab: BackupLab): void {
  runInApp(lab, "UPDATE items SET note = 'from the second day'");
}

test('a database written to since the parent is copied ahead, and stored as it is now', async () => {
  await using lab = await openUsedLab();
  commit(lab);
  await systemClock.sleep(TICK_MS);
  const { begun, used } = watchCopies();
  const { outcome, manifest } = await lab.backup();
  expect(outcome).toBe('ok');
  expect(begun()).toEqual([lab.app.database]);
  expect(await used()).toContain(true);
  expect(manifest.databases[0]?.captureMethod).toBe('raw-stopped');
  expect(readdirSync(lab.scratch)).toEqual([]);
  await expectStored(lab, 'from the second day');
});

test('one that the config does not name is found among the files', async () => {
  await using lab = await openUsedLab();
  const subject = { app: undefined, databases: [], references: [] };
  await lab.backup({ subject });
  commit(lab);
  await systemClock.sleep(TICK_MS);
  const { begun } = watchCopies();
  await lab.backup({ subject });
  expect(begun()).toEqual([lab.app.database]);
});

test('a commit that stands in the WAL only counts, too', async () => {
  await using lab = await openUsedLab();
  await systemClock.sleep(TICK_MS);
  using app = new DatabaseSync(lab.app.database);
  app.exec("UPDATE items SET note = 'of a running app'");
  const { begun, used } = watchCopies();
  const { outcome } = await lab.backup();
  expect(outcome).toBe('ok');
  expect(begun()).toEqual([lab.app.database]);
  expect(await used()).not.toContain(true);
  await expectStored(lab, 'of a running app');
});

test('nothing is begun for a first backup, and where nothing was written since', async () => {
  await using lab = await openBackupLab({ app: { items: 5 } });
  const { begun } = watchCopies();
  await lab.backup();
  expect(begun()).toEqual([]);
  // What changed as late as the last backup began may have changed after it.
  await systemClock.sleep(TICK_MS);
  await lab.backup();
  await lab.backup();
  writeFileSync(`${lab.app.uploads}/new.webp`, 'not a database');
  await lab.backup();
  expect(begun()).toEqual([]);
});

async function expectStored(lab: BackupLab, note: string): Promise<void> {
  const repository = await lab.open();
  const snapshots = await repository.loadSnapshots();
  const { tree } = snapshots.at(-1)?.snapshot ?? { tree: '' };
  const files = await readSnapshotFiles(repository, { tree, folder: lab.app.root });
  const bytes = files.get('data/prod.db')?.bytes ?? new Uint8Array(0);
  writeFileSync(lab.join('stored.db'), bytes);
  using db = new DatabaseSync(lab.join('stored.db'));
  expect(db.prepare('SELECT DISTINCT note FROM items').all()).toEqual([{ note }]);
}
