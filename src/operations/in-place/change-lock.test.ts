import { spawnSync } from 'node:child_process';
import { promises, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { selfFacts } from '../../../test/support/repository-lab.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { ProcessFacts } from '../../repository/lock-holder.ts';
import { assertNoChangeUnderWay, lockChanges } from './change-lock.ts';

const self: ProcessFacts = { ...selfFacts, pid: process.pid, isAlive: () => true };

function request(stateFolder: string, as = self) {
  return { stateFolder, self: as, clock: systemClock, command: 'restore' };
}

test('a second change is refused while the first one runs, and told whose it is', async () => {
  await using dir = await tempFolder();
  {
    await using _lock = await lockChanges(request(dir.path));
    const refusal = { code: 'CHANGE_UNDER_WAY', details: { pid: process.pid, command: 'restore' } };
    await expect(lockChanges(request(dir.path))).rejects.toMatchObject(refusal);
    await expect(assertNoChangeUnderWay(request(dir.path))).rejects.toMatchObject(refusal);
  }
  await using _again = await lockChanges(request(dir.path));
});

test('a state folder that cannot be written is named as what is in the way', async () => {
  await using dir = await tempFolder();
  const state = dir.join('state');
  writeFileSync(state, 'a file');
  await assertNoChangeUnderWay(request(state));
  const refusal = { code: 'CHANGE_STATE_UNUSABLE', details: { folder: state } };
  await expect(lockChanges(request(state))).rejects.toMatchObject(refusal);
});

test('the lock of a process that is dead does not count', async () => {
  await using dir = await tempFolder();
  const { pid } = spawnSync('true');
  await lockChanges(request(dir.path, { ...self, pid }));
  const isAlive = (other: number): boolean => other !== pid;
  await assertNoChangeUnderWay(request(dir.path, { ...self, isAlive }));
  await using _lock = await lockChanges(request(dir.path, { ...self, isAlive }));
});

test('a process that has the number of a dead one is not taken for it', async () => {
  await using dir = await tempFolder();
  await lockChanges(request(dir.path));
  const path = join(dir.path, 'change.lock');
  const lock = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...lock, identity: 'of before the reboot' }));
  await using _lock = await lockChanges(request(dir.path));
});

test('a lock of another PID namespace is never taken for dead', async () => {
  await using dir = await tempFolder();
  const elsewhere = { ...self, pid: 7, pidNamespace: 'pid:[7]' };
  await lockChanges(request(dir.path, elsewhere));
  const dead = { ...self, isAlive: () => false };
  await expect(lockChanges(request(dir.path, dead))).rejects.toMatchObject({
    code: 'CHANGE_UNDER_WAY',
  });
});

test('a lock that is empty or half written is of a living process', async () => {
  await using dir = await tempFolder();
  const path = join(dir.path, 'change.lock');
  for (const text of ['', '{"pid":']) {
    writeFileSync(path, text);
    const refusal = { code: 'CHANGE_UNDER_WAY', details: { path } };
    await expect(lockChanges(request(dir.path))).rejects.toMatchObject(refusal);
    await expect(assertNoChangeUnderWay(request(dir.path))).rejects.toMatchObject(refusal);
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
});

test('a lock has its whole text as soon as it has its name, and leaves nothing else behind', async () => {
  await using dir = await tempFolder();
  const path = join(dir.path, 'change.lock');
  const seen = new Set<string>();
  const locking = Promise.all(Array.from({ length: 20 }, () => lockOnce(dir.path)));
  for (let isOver = false; !isOver;) {
    isOver = await Promise.race([locking.then(() => true), setImmediate(false)]);
    const text = readIfThere(path);
    if (text !== undefined) seen.add(text);
  }
  expect(seen.size).toBeGreaterThan(0);
  for (const text of seen) expect(text).toMatch(/^\{.*\}$/);
  expect(readdirSync(dir.path)).toEqual([]);
});

/** It may go at any moment. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

async function lockOnce(stateFolder: string): Promise<void> {
  try {
    await using _lock = await lockChanges(request(stateFolder));
    await setImmediate();
  } catch {
    // Another one has it.
  }
}

test('where files cannot have two names a second change is refused just the same', async () => {
  await using dir = await tempFolder();
  const { link } = promises;
  promises.link = () =>
    Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'link' }));
  syncBuiltinESMExports();
  try {
    await using _lock = await lockChanges(request(dir.path));
    const refusal = { code: 'CHANGE_UNDER_WAY', details: { pid: process.pid } };
    await expect(lockChanges(request(dir.path))).rejects.toMatchObject(refusal);
  } finally {
    promises.link = link;
    syncBuiltinESMExports();
  }
  expect(readdirSync(dir.path)).toEqual([]);
});

test('a lock that took the place of a dead one keeps its name, whoever still sees the dead one', async () => {
  await using dir = await tempFolder();
  const path = join(dir.path, 'change.lock');
  await lockChanges(request(dir.path, { ...self, pid: 7 }));
  const dead = JSON.parse(readFileSync(path, 'utf8')) as object;
  const others = JSON.stringify({ ...dead, pid: 8, identity: undefined });
  const vacated: string[] = [];
  const { rename, rm } = promises;
  promises.rename = (from, to) => (vacated.push(String(from)), rename(from, to));
  promises.rm = (gone, options) => (vacated.push(String(gone)), rm(gone, options));
  syncBuiltinESMExports();
  try {
    const isAlive = (pid: number): boolean => {
      // The other one is quicker.
      if (pid === 7) writeFileSync(path, others);
      return pid !== 7;
    };
    const late = lockChanges(request(dir.path, { ...self, isAlive }));
    await expect(late).rejects.toMatchObject({ code: 'CHANGE_UNDER_WAY', details: { pid: 8 } });
  } finally {
    Object.assign(promises, { rename, rm });
    syncBuiltinESMExports();
  }
  expect(vacated).not.toContain(path);
  expect(readFileSync(path, 'utf8')).toBe(others);
});
