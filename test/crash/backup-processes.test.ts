import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemRandom } from '../../src/base/clock.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { isRequired, requireTool } from '../support/require-tool.ts';
import {
  groupToEnd,
  labEnvironment,
  locksIn,
  scratchOf,
  startIn,
  temporaryFilesIn,
} from '../support/running-keepsake.ts';
import { SeededRandom } from '../support/wishlist-app/seeded-random.ts';

const SEED = Number(process.env['KEEPSAKE_SOAK_SEED'] ?? 1);
const KILLS = Number(process.env['KEEPSAKE_SOAK_KILLS'] ?? 8);
/** What is promised after Ctrl-C. */
const END_WITHIN_MS = 2000;

/** A source that takes a while: files that do not compress, and a database. */
async function openBusyLab(): Promise<CompatLab> {
  const lab = await openCompatLab();
  await lab.initQuickly();
  mkdirSync(join(lab.source, 'uploads'));
  mkdirSync(lab.join('scratch'));
  renewFiles(lab);
  const database = new DatabaseSync(join(lab.source, 'app.db'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE picture (bytes)');
  for (let at = 0; at < 16; at += 1) {
    database.exec('INSERT INTO picture VALUES (randomblob(1000000))');
  }
  database.close();
  return lab;
}

/** Other content in every file, so that a backup has all of it to store. */
function renewFiles(lab: CompatLab): void {
  for (let at = 0; at < 24; at += 1) {
    writeFileSync(join(lab.source, 'uploads', `${at}.jpg`), systemRandom(1_000_000));
  }
}

async function backup(lab: CompatLab, exits = 0) {
  return lab.keepsake(['backup', lab.source], { exits, env: labEnvironment(lab) });
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

test.skipIf(!requireTool('restic'))(
  `a backup killed at a random moment leaves a sound repository, and the next run tidies up (seed ${SEED})`,
  async () => {
    await using lab = await openBusyLab();
    const random = new SeededRandom(SEED);
    const fullMs = await timeOf(() => backup(lab));
    for (let done = 1; done <= KILLS; done += 1) {
      renewFiles(lab);
      const run = startIn(lab, ['backup', lab.source]);
      await sleep(100 + random.below(Math.ceil(fullMs)));
      run.signal('SIGKILL');
      await run.ended();
      await groupToEnd(run.pid);
      await lab.keepsake(['check']);
      if (done % 4 === 0) await lab.checkWithBoth();
    }
    await backup(lab);
    expect(locksIn(lab)).toEqual([]);
    expect(scratchOf(lab)).toEqual([]);
    await lab.checkWithBoth();
  },
);

test('halves of files that were cut off are removed a day later, and no sooner', async () => {
  await using lab = await openBusyLab();
  const leave = (name: string) => {
    const path = join(lab.repository, 'data', '00', `${'0'.repeat(64)}-tmp-${name}`);
    writeFileSync(path, 'half');
    return path;
  };
  leave('0011223344556677');
  const old = leave('8899aabbccddeeff');
  utimesSync(old, new Date('2020-01-01'), new Date('2020-01-01'));
  await backup(lab);
  expect(temporaryFilesIn(lab.repository)).toEqual([
    `data/00/${'0'.repeat(64)}-tmp-0011223344556677`,
  ]);
});

/** Backups to be cancelled, each in another phase, and how many may be tried for it. */
const CANCELLED = 5;
const MOST_ROUNDS = 15;

function countCancelled(endings: readonly (number | null)[]): number {
  return endings.filter((code) => code === 130).length;
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a backup within two seconds in every phase: exit 130, no lock, no child, no scratch',
  async (signal) => {
    await using lab = await openBusyLab();
    let fullMs = await timeOf(() => backup(lab));
    // Before the program listens a signal ends it as any other, which leaves nothing, and is no 130.
    let listensMs = 3 * (await timeOf(() => lab.keepsake(['version'])));
    const endings: (number | null)[] = [];
    for (let round = 0; round < MOST_ROUNDS && countCancelled(endings) < CANCELLED; round += 1) {
      renewFiles(lab);
      const startedAt = performance.now();
      const run = startIn(lab, ['backup', lab.source]);
      await sleep(Math.max(listensMs, fullMs * (0.25 + 0.15 * (round % CANCELLED))));
      const listens = locksIn(lab).length > 0; // perhaps sooner
      run.signal(signal);
      const ending = { exitCode: null as number | null, endedBy: null as string | null };
      const tookMs = await timeOf(async () => Object.assign(ending, await run.ended()));
      expect(tookMs).toBeLessThan(END_WITHIN_MS);
      const isTooEarly = !listens && ending.endedBy === signal;
      if (isTooEarly) listensMs *= 1.5;
      else if (ending.exitCode !== 0) expect(run.stderr()).toMatch(/cancelled/i);
      // It came too late: a busy machine's first run was slower than its next ones are.
      if (ending.exitCode === 0) fullMs = Math.min(fullMs, performance.now() - startedAt) * 0.9;
      if (!isTooEarly) endings.push(ending.exitCode);
      await groupToEnd(run.pid);
      expect(locksIn(lab)).toEqual([]);
      expect(scratchOf(lab)).toEqual([]);
      expect(temporaryFilesIn(lab.repository)).toEqual([]);
    }
    expect(countCancelled(endings)).toBe(CANCELLED);
    expect(endings.filter((code) => code !== 130 && code !== 0)).toEqual([]);
    await lab.keepsake(['check']);
  },
);

test('a backup waits for an exclusive lock, names its holder, and ends at once by Ctrl-C', async () => {
  await using lab = await openCompatLab();
  const repository = await lab.initQuickly();
  writeFileSync(join(lab.source, 'file'), 'content');
  const held = await repository.lock({ exclusive: true, waitMs: 0 });
  const cancelled = startIn(lab, ['backup', lab.source]);
  const waiting = startIn(lab, ['backup', lab.source]);
  for (const run of [cancelled, waiting]) {
    while (!run.stderr().includes('Waiting')) await sleep(20);
    expect(run.stderr()).toContain(`PID ${process.pid} of test on test`);
  }
  cancelled.signal('SIGINT');
  const tookMs = await timeOf(async () => {
    expect(await cancelled.ended()).toMatchObject({ exitCode: 130 });
  });
  expect(tookMs).toBeLessThan(END_WITHIN_MS);
  expect(locksIn(lab)).toHaveLength(1);
  await held[Symbol.asyncDispose]();
  expect(await waiting.ended()).toMatchObject({ exitCode: 0 });
  expect(locksIn(lab)).toEqual([]);
});

test('two backups into one repository at once both succeed', async () => {
  await using lab = await openBusyLab();
  await Promise.all([backup(lab), backup(lab)]);
  expect(await lab.openRepository().then((opened) => opened.loadSnapshots())).toHaveLength(2);
  await lab.keepsake(['check', '--read-data']);
  expect(scratchOf(lab)).toEqual([]);
});

/** A Node too old for Keepsake: `bin/keepsake` then starts the one in `node_modules`. */
const oldNode = findOldNode();

function findOldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'node'));
  for (const node of [...folders, '/usr/bin/node']) {
    try {
      const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
      if (Number(/^v(\d+)/.exec(version)?.[1]) < 24) return node;
    } catch {
      // there is none
    }
  }
  if (isRequired('old-node')) throw new Error('required here: a Node older than 24');
  process.stderr.write('skipped: no Node older than 24 to start bin/keepsake with\n');
  return undefined;
}

/** Written, or at least begun. */
function hasPack({ repository }: CompatLab): boolean {
  const names = readdirSync(join(repository, 'data'), { recursive: true, encoding: 'utf8' });
  return names.some((name) => name.includes('/'));
}

test.skipIf(oldNode === undefined).each([
  ['only the launcher', 'launcher'],
  ['both processes, as a terminal does', 'group'],
] as const)('under an older Node Ctrl-C reaches the backup: %s is signalled', async (_, target) => {
  await using lab = await openBusyLab();
  const run = startIn(lab, ['backup', lab.source], { node: oldNode });
  // In the midst of its work: a third of the files and all of the database are still to come.
  while (!hasPack(lab)) await sleep(10);
  expect(locksIn(lab)).toHaveLength(1);
  if (target === 'launcher') run.signal('SIGINT');
  else process.kill(-run.pid, 'SIGINT');
  const ending = { exitCode: null as number | null };
  expect(await timeOf(async () => Object.assign(ending, await run.ended()))).toBeLessThan(
    END_WITHIN_MS,
  );
  expect(ending.exitCode).toBe(130);
  await groupToEnd(run.pid);
  expect(locksIn(lab)).toEqual([]);
  expect(scratchOf(lab)).toEqual([]);
});
