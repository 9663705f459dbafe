/** `repair` and `unlock` through the command line, with damage as a disk makes it. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { encodeLockFile, type LockFile } from '../../src/format/lock-file.ts';
import { damageFile, messages, repositoryFiles } from '../support/app-lab.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';

let lab: CompatLab;
let repository: string;
let snapshot: string;

beforeAll(async () => {
  lab = await openCompatLab();
  await lab.initQuickly();
  mkdirSync(join(lab.source, 'uploads'));
  writeFileSync(join(lab.source, 'notes'), 'words, '.repeat(500));
  for (const name of ['a', 'b', 'c']) writeFileSync(join(lab.source, 'uploads', name), name);
  const summary = messages(await lab.keepsake(['--json', 'backup', lab.source]), 'summary');
  snapshot = String(summary[0]?.['snapshot_id']);
});
afterAll(() => lab[Symbol.asyncDispose]());

let copies = 0;
beforeEach(() => {
  copies += 1;
  repository = lab.join(`copy-${copies}`);
  cpSync(lab.repository, repository, { recursive: true });
});

const run = (args: readonly string[], exits = 0) => lab.keepsake(args, { repository, exits });
const indexFiles = () => repositoryFiles(repository, 'index');
/** The trees lie in one pack, the files in the other. */
async function packs(): Promise<{ data: string; tree: string }> {
  const { index } = await lab.openRepository(repository);
  const of = (type: string) =>
    index.packIds().find((id) => [...index.entriesOf(id)][0]?.type === type) ?? '';
  const path = (id: string) => join(repository, 'data', id.slice(0, 2), id);
  return { data: path(of('data')), tree: path(of('tree')) };
}

test('a sound repository has nothing to repair', async () => {
  const before = indexFiles();
  expect((await run(['repair', 'index', '--read-data'])).stdout).toContain('nothing to repair');
  expect((await run(['repair', 'snapshots'])).stdout).toContain('0 snapshots repaired');
  expect(indexFiles()).toEqual(before);
});

test('a lost index comes back; a dry run says so and writes nothing', async () => {
  rmSync(indexFiles()[0] ?? '');
  await run(['check'], 20);
  const { stdout } = await run(['repair', 'index', '--dry-run']);
  expect(stdout.match(/is added to the index/g)).toHaveLength(2);
  expect(indexFiles()).toEqual([]);
  const [plan] = messages(await run(['--json', 'repair', 'index']), 'plan');
  expect(plan?.['add_packs']).toHaveLength(2);
  await run(['check', '--read-data']);
});

test('from a damaged pack to a clean check, each step names the next', async () => {
  const { data } = await packs();
  damageFile(data, { from: 0, to: 0.01 });
  const { stdout: found } = await run(['check', '--read-data'], 20);
  expect(found).toContain('keepsake repair index --read-data');
  const { stdout: mended } = await run(['repair', 'index', '--read-data']);
  expect(mended).toContain('1 lost');
  expect(mended).toContain('keepsake check');
  const { stdout: still } = await run(['check'], 20);
  expect(still).toContain('keepsake repair snapshots');

  const { stdout: plan } = await run(['repair', 'snapshots', '--dry-run']);
  expect(plan).toContain('next: to remove the hurt ones: keepsake repair snapshots --forget');
  expect(plan).toMatch(/1 snapshot would be repaired/);
  expect(plan).toContain(lab.source);
  const saved = messages(await run(['--json', 'repair', 'snapshots', snapshot]), 'snapshot_saved');
  expect(saved[0]?.['original']).toBe(snapshot);
  await run(['check'], 20); // the hurt one is still there
  await run(['repair', 'snapshots', '--forget']);
  await run(['check', '--read-data']);
  const { stdout: listed } = await run(['snapshots']);
  expect(listed).toContain('damaged');
  expect(listed).not.toContain(snapshot.slice(0, 8));
});

test('snapshots are not repaired before the index is', async () => {
  rmSync((await packs()).data);
  const { stderr } = await run(['repair', 'snapshots', '--forget'], 20);
  expect(stderr).toContain('keepsake repair index');
});

test('a snapshot of which nothing is left is named, and goes only by its name', async () => {
  rmSync((await packs()).tree);
  await run(['repair', 'index']);
  const { stderr } = await run(['repair', 'snapshots'], 1);
  expect(stderr).toContain(`keepsake repair snapshots --forget ${snapshot.slice(0, 8)}`);
  await run(['repair', 'snapshots', '--forget'], 1);
  await run(['repair', 'snapshots', '--forget', snapshot.slice(0, 8)]);
  await run(['check']);
});

test('unlock removes what is old or dead, names what it keeps, and removes that only when told', async () => {
  const { files } = await lab.openRepository(repository);
  const { pid: deadPid } = JSON.parse(
    execFileSync(process.execPath, ['-p', 'JSON.stringify({pid: process.pid})'], {
      encoding: 'utf8',
    }),
  ) as { pid: number };
  const now = systemClock.now().getTime();
  const write = (lock: Partial<LockFile>) =>
    files.save('lock', encodeLockFile({ ...held, time: new Date(now).toISOString(), ...lock }));
  const held = { time: '', exclusive: false, hostname: 'elsewhere', username: 'sue', pid: 7 };
  const alive = await write({});
  const old = await write({ time: new Date(now - 31 * 60_000).toISOString() });
  const dead = await write({ hostname: hostname(), pid: deadPid });
  const dry = await run(['unlock', '--dry-run']);
  expect(dry.stdout).toContain(`would remove lock ${old.slice(0, 8)} of PID 7 of sue on elsewhere`);
  expect(repositoryFiles(repository, 'locks')).toHaveLength(3);
  const result = await run(['--json', 'unlock']);
  const removed = messages(result, 'lock_removed').map(({ id, reason }) => [id, reason]);
  expect(removed).toEqual(
    expect.arrayContaining([
      [old, 'old'],
      [dead, 'dead'],
    ]),
  );
  expect(messages(result, 'lock_kept')).toMatchObject([{ id: alive, hostname: 'elsewhere' }]);
  writeFileSync(join(repository, 'locks', 'ab'.repeat(32)), 'rubbish');
  expect((await run(['unlock'])).stdout).toContain('cannot be read');
  expect((await run(['unlock', '--remove-all'])).stdout).toContain('2 locks removed, 0 kept');
  expect((await run(['unlock'])).stdout).toContain('there is no lock');
});

test('a repair waits for no one when told so, and names who holds the repository', async () => {
  const opened = await lab.openRepository(repository);
  await using _held = await opened.lock({ exclusive: false, waitMs: 0 });
  const args = ['--lock-wait', '0', 'repair'];
  const { stderr } = await run([...args, 'index'], 11);
  expect(stderr).toContain(`PID ${process.pid} of test on test`);
  await run([...args, 'snapshots', '--forget'], 11);
  await run([...args, 'index', '--dry-run']);
  expect(readFileSync(join(repository, 'config')).length).toBeGreaterThan(0);
});

test('a wrong password, and a place without a repository, are said as by every command', async () => {
  const env = { KEEPSAKE_PASSWORD: 'wrong' };
  for (const args of [['unlock'], ['repair', 'index'], ['repair', 'snapshots']]) {
    await lab.keepsake(args, { repository, env, exits: 12 });
    await lab.keepsake(args, { repository: lab.join('nothing'), exits: 10 });
  }
  expect(repositoryFiles(repository, 'locks')).toEqual([]);
});
