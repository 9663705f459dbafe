/** `restore --only` and `--live`: what brings back a part of an app in place. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  expectPictures,
  openAppWithMistake,
  type AppWithMistake,
} from '../support/app-with-mistake.ts';
import type { ProtectedApp } from '../support/protected-app.ts';
import { openSession } from '../support/sqlite-session.ts';

let lab: ProtectedApp;
let before: AppWithMistake['before'];
let openWithMistake: AppWithMistake['openWithMistake'];

beforeAll(async () => {
  ({ lab, before, openWithMistake } = await openAppWithMistake());
});
afterAll(() => lab[Symbol.asyncDispose]());

test('--only database brings back rows and the pictures they name, and takes none away', async () => {
  await openWithMistake();
  const { imageUrl } = await lab.app.addItem('Came since');
  const env = join(lab.app.root, '.env');
  writeFileSync(env, 'changed since');
  await lab.keepsake(['restore', 'latest', '--only', 'database', '--yes']);
  expect(await lab.names()).toEqual(before);
  await expectPictures(lab);
  expect(lab.uploads()).toContain(imageUrl);
  expect(readFileSync(env, 'utf8')).toBe('changed since');
});

test('--only uploads brings back the folders of pictures alone', async () => {
  await openWithMistake();
  const names = await lab.names();
  rmSync(lab.app.folders.uploads, { recursive: true });
  await lab.keepsake(['restore', 'latest', '--only', 'uploads', '--yes']);
  expect(await lab.names()).toEqual(names);
  expect(names).not.toEqual(before);
  await expectPictures(lab);
});

test('a snapshot of the database alone is refused where all is to be restored', async () => {
  await openWithMistake();
  await lab.keepsake(['restore', 'latest', '--yes']);
  const id = await lab.backUp('--only', 'database');
  const { stderr } = await lab.keepsake(['restore', id, '--yes'], { exits: 1 });
  expect(stderr).toContain('holds only the database');
  await lab.keepsake(['restore', id, '--only', 'database', '--yes']);
  expect(await lab.names()).toEqual(before);
});

test('--live replaces the rows while the app serves and somebody writes', async () => {
  await openWithMistake();
  const stop = new AbortController();
  const asking = ask(stop.signal);
  const pid = await lab.app.pid();
  await lab.keepsake(['restore', 'latest', '--live', '--yes']);
  stop.abort();
  expect(await asking).toEqual(new Set([200]));
  expect(await lab.app.pid()).toBe(pid);
  const names = await lab.names();
  expect(names.slice(0, 20)).toEqual(before);
  expect(new Set(names.slice(20))).toEqual(new Set(names.length > 20 ? ['written meanwhile'] : []));
  await expectPictures(lab);
});

test('--live gives up on a database that its app keeps locked, which is then as it was', async () => {
  await openWithMistake();
  const names = await lab.names();
  await using app = await openSession(lab.app.folders.database, 'BEGIN IMMEDIATE');
  const restore = ['restore', 'latest', '--live', '--yes'];
  const { stderr } = await lab.keepsake(restore, { exits: 1 });
  await app.exec('ROLLBACK');
  expect(stderr).toContain('was locked by its app for 10 s');
  expect(await lab.names()).toEqual(names);
  expect(lab.places()).toEqual([]);
});

/** What the app answers while somebody adds items. */
async function ask(signal: AbortSignal): Promise<Set<number>> {
  const statuses = new Set<number>();
  const { app } = lab;
  while (!signal.aborted) {
    statuses.add(await app.loginStatus());
    await app.addItem('written meanwhile');
    await sleep(20);
  }
  return statuses;
}
