import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { readRuns, recordRun } from './history.ts';
import type { RunRecord } from './run-record.ts';

const run: RunRecord = {
  verb: 'drill',
  app: 'wishlist',
  repository: '/mnt/backup',
  startedAt: new Date('2026-11-24T08:00:00Z'),
  durationMs: 1234,
  outcome: 'warning',
  reason: 'the copy did not answer in time',
  snapshotId: 'ab'.repeat(32),
  fileCount: 12,
  sizeBytes: 3456,
  addedBytes: undefined,
  steps: [{ name: 'restore', durationMs: 700 }],
};

const unexpected = {
  warn: (message: string) => {
    throw new Error(message);
  },
};

test('runs are read as they were recorded, newest first', async () => {
  await using dir = await tempFolder();
  const state = dir.join('state/keepsake');
  expect(readRuns(state, { limit: 5 })).toEqual([]);
  expect(existsSync(state)).toBe(false);
  recordRun(state, run, unexpected);
  recordRun(state, { ...run, verb: 'backup', app: 'other' }, unexpected);
  expect(readRuns(state, { limit: 5 }).map(({ verb }) => verb)).toEqual(['backup', 'drill']);
  expect(readRuns(state, { limit: 1 }).map(({ verb }) => verb)).toEqual(['backup']);
  expect(readRuns(state, { limit: 5, app: 'wishlist' })).toEqual([run]);
  expect(readdirSync(state)).toEqual(['history.sqlite']);
  expect(statSync(state).mode & 0o077).toBe(0);
});

test('a password in a repository’s URL does not come into the history', async () => {
  await using dir = await tempFolder();
  const repository = 'rest:https://user:secret@nas:8000/wishlist';
  recordRun(dir.path, { ...run, repository }, unexpected);
  expect(readRuns(dir.path, { limit: 1 })[0]?.repository).toBe('rest:https://nas:8000/wishlist');
});

test('a damaged history is put aside and begun anew, and that is told', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('history.sqlite'), 'no database at all '.repeat(100));
  const warnings: string[] = [];
  recordRun(dir.path, run, { warn: (message) => warnings.push(message) });
  expect(warnings).toEqual([expect.stringContaining('history.sqlite.damaged')]);
  expect(readRuns(dir.path, { limit: 5 })).toEqual([run]);
  expect(readdirSync(dir.path).sort()).toEqual(['history.sqlite', 'history.sqlite.damaged']);
  recordRun(dir.path, run, unexpected);
});

test('a history that was cut off before its first run has none, and takes the next', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('history.sqlite'), '');
  expect(readRuns(dir.path, { limit: 10 })).toEqual([]);
  recordRun(dir.path, run, unexpected);
  expect(readRuns(dir.path, { limit: 10 })).toEqual([run]);
});

test('pages that are torn count as damage too', async () => {
  await using dir = await tempFolder();
  for (let left = 200; left > 0; left -= 1) recordRun(dir.path, run, unexpected);
  const path = dir.join('history.sqlite');
  const { size } = statSync(path);
  writeFileSync(path, Buffer.alloc(size - 4096, 0xee), { flag: 'r+' });
  const warnings: string[] = [];
  recordRun(dir.path, run, { warn: (message) => warnings.push(message) });
  expect(warnings).toHaveLength(1);
  expect(readRuns(dir.path, { limit: 500 })).toHaveLength(1);
});

test('a history that cannot be written is told of and stops nobody', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('file'), '');
  const warnings: string[] = [];
  const options = { warn: (message: string) => warnings.push(message) };
  recordRun(dir.join('file/state'), run, options);
  expect(warnings).toEqual([expect.stringContaining('this run is not in the history')]);
});

test('the history of a newer Keepsake is left alone', async () => {
  await using dir = await tempFolder();
  {
    using db = new DatabaseSync(dir.join('history.sqlite'));
    db.exec('PRAGMA user_version = 2; CREATE TABLE run (other)');
  }
  const warnings: string[] = [];
  recordRun(dir.path, run, { warn: (message) => warnings.push(message) });
  expect(warnings).toEqual([expect.stringContaining('a newer Keepsake')]);
});

test('the history stays small: the oldest runs go', async () => {
  await using dir = await tempFolder();
  recordRun(dir.path, { ...run, verb: 'first' }, unexpected);
  {
    using db = new DatabaseSync(dir.join('history.sqlite'));
    const row = "'second', '2026-11-24T08:00:00Z', 1, 'ok'";
    db.exec(`INSERT INTO run (id, verb, started_at, duration_ms, outcome) VALUES (5000, ${row})`);
  }
  recordRun(dir.path, { ...run, verb: 'third' }, unexpected);
  expect(readRuns(dir.path, { limit: 9999 }).map(({ verb }) => verb)).toEqual(['third', 'second']);
});
