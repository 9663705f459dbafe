import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { damageFile, messages, openAppLab, type AppLab } from '../support/app-lab.ts';
import { printFolder } from '../support/folder-print.ts';
import { startWishlistWriter } from '../support/wishlist-app/start-wishlist-writer.ts';

let lab: AppLab;

beforeEach(async () => {
  lab = await openAppLab();
});
afterEach(() => lab[Symbol.asyncDispose]());

async function verifyLive(exits: number): Promise<Record<string, unknown>[]> {
  const result = await lab.keepsake(['-c', lab.config, '--json', 'verify', '--live'], { exits });
  expect(readdirSync(lab.scratch)).toEqual([]);
  expect(messages(result, 'summary')).toMatchObject([{ success: exits === 0, app: 'wishlist' }]);
  return messages(result, 'judgement');
}

function failedChecks(judgements: readonly Record<string, unknown>[]): unknown[] {
  return judgements.filter(({ success }) => success === false).map(({ check }) => check);
}

test('a sound app is told to be sound, its folder is as before, and the repository, too', async () => {
  const { root, uploads } = lab.app;
  const folders = [root, join(root, 'data'), uploads, join(lab.repository, 'snapshots')];
  const before = await Promise.all(folders.map(printFolder));
  const judgements = await verifyLive(0);
  const checks = ['read', 'integrity', 'foreign-keys', 'schema', 'rows', 'references', 'orphans'];
  expect(judgements.map(({ check }) => check)).toEqual(checks);
  expect(await Promise.all(folders.map(printFolder))).toEqual(before);
});

test('an app that is busy writing, its pictures come and go, is sound every time', async () => {
  await using writer = await startWishlistWriter(lab.app.root, { opsPerSecond: 80, hostile: true });
  for (let left = 4; left > 0; left -= 1) await verifyLive(0);
  await writer.reach(1);
});

test('an upload that a row names and that is gone is named: exit 21', async () => {
  const db = new DatabaseSync(lab.app.database);
  const query = "SELECT imageUrl AS name FROM items WHERE imageUrl LIKE '%.webp' LIMIT 1";
  const { name } = db.prepare(query).get() as { name: string };
  db.close();
  rmSync(join(lab.app.uploads, name));
  const judgements = await verifyLive(21);
  expect(failedChecks(judgements)).toEqual(['references']);
  expect(JSON.stringify(judgements)).toContain(name);
});

test('broken foreign keys are counted: exit 21', async () => {
  const db = new DatabaseSync(lab.app.database);
  db.exec('PRAGMA foreign_keys = OFF; DELETE FROM user');
  db.close();
  expect(failedChecks(await verifyLive(21))).toContain('foreign-keys');
});

test('a damaged database, an empty one and a missing one are each found: exit 21', async () => {
  damageFile(lab.app.database, { from: 0.3, to: 0.6 });
  expect(failedChecks(await verifyLive(21))).not.toEqual([]);
  truncateSync(lab.app.database);
  expect(failedChecks(await verifyLive(21))).toEqual(['read']);
  rmSync(lab.app.database);
  const { stdout } = await lab.keepsake(['-c', lab.config, 'verify', '--live'], { exits: 21 });
  expect(stdout).toContain('NOT sound: wishlist as it is now');
  expect(stdout).toContain(lab.app.database);
});

test('an index that does not match its table is found, which a backup’s quick check passes over', async () => {
  const db = new DatabaseSync(lab.app.database, { defensive: false });
  db.exec(`
    CREATE INDEX odd ON items (name);
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = 'CREATE INDEX odd ON items (id)' WHERE name = 'odd';
    PRAGMA writable_schema = RESET;
  `);
  db.close();
  expect(failedChecks(await verifyLive(21))).toEqual(['integrity']);
});

test('--live is for the app itself, without a snapshot', async () => {
  const { stderr } = await lab.keepsake(['verify', '--live', 'latest'], { exits: 2 });
  expect(stderr).toContain('without a snapshot');
  expect((await lab.keepsake(['verify'], { exits: 2 })).stderr).toContain('which snapshot');
});
