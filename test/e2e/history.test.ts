import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { messages, openAppLab, type AppLab } from '../support/app-lab.ts';

let lab: AppLab;
let state: string;

beforeAll(async () => {
  lab = await openAppLab();
  state = lab.join('home/.local/state/keepsake');
});
beforeEach(() => rmSync(state, { recursive: true, force: true }));
afterAll(() => lab[Symbol.asyncDispose]());

async function history(...flags: string[]): Promise<Record<string, unknown>[]> {
  return messages(await lab.keepsake(['--json', 'history', ...flags]), 'run');
}

test('each run is in the history, with how it ended', async () => {
  const id = await lab.backUp();
  await lab.keepsake(['verify', 'latest']);
  await lab.keepsake(['check'], { exits: 12, env: { KEEPSAKE_PASSWORD: 'wrong' } });
  await lab.keepsake(['restore', 'latest', '--target', lab.join('out')]);
  const runs = await history();
  expect(runs).toMatchObject([
    { verb: 'backup', outcome: 'ok', app: 'wishlist', snapshot_id: id },
    { verb: 'verify', outcome: 'ok', snapshot_id: id },
    { verb: 'check', outcome: 'failed', reason: expect.stringContaining('password') as string },
    { verb: 'restore', outcome: 'ok', snapshot_id: id },
  ]);
  expect(Number(runs[0]?.['size_bytes'])).toBeGreaterThan(10_000);
  expect(await history('-n', '1')).toMatchObject([{ verb: 'restore' }]);
  const { stdout } = await lab.keepsake(['history']);
  expect(stdout).toMatch(/check +FAILED/);
});

test('exports and imports are in the history, too, and an import of what is there as skipped', async () => {
  const id = await lab.backUp();
  const file = lab.join('app.tar');
  await lab.keepsake(['export', 'latest', file]);
  const empty = lab.join('another repository');
  await lab.keepsake(['init'], { repository: empty });
  const args = ['--cache-dir', lab.join('cache'), 'import', '--root', '/srv', file];
  await lab.keepsake(args);
  await lab.keepsake(args);
  await lab.keepsake(['import', '--root', '/srv', lab.join('absent.tar')], { exits: 1 });
  expect(await history()).toMatchObject([
    { verb: 'backup', outcome: 'ok' },
    { verb: 'export', outcome: 'ok', snapshot_id: id },
    { verb: 'init', outcome: 'ok', repository: empty },
    { verb: 'import', outcome: 'ok' },
    { verb: 'import', outcome: 'skipped', reason: 'imported before' },
    { verb: 'import', outcome: 'failed', reason: expect.stringContaining('absent.tar') as string },
  ]);
});

test('what never began is in the history as skipped, with the reason', async () => {
  const { repository } = lab;
  const opened = await lab.openRepository();
  await using _ = await opened.lock({ exclusive: true, waitMs: 0 });
  const backup = ['-c', lab.config, '--lock-wait', '0', 'backup'];
  await lab.keepsake(backup, { exits: 11 });
  await lab.keepsake(['-c', lab.config, 'restore', '--undo'], { exits: 1 });
  await lab.keepsake(['-c', lab.config, 'rollback', '--yes'], { exits: 1 });
  expect(await history()).toMatchObject([
    {
      verb: 'backup',
      outcome: 'skipped',
      app: 'wishlist',
      repository,
      reason: expect.stringContaining('locked by PID') as string,
    },
    { verb: 'restore --undo', outcome: 'skipped' },
    { verb: 'rollback', outcome: 'skipped' },
  ]);
});

test('a run whose config is wrong is in the history, a dry run is not', async () => {
  const config = lab.join('wrong.yaml');
  writeFileSync(config, 'apps: 7\n');
  await lab.keepsake(['-c', config, 'backup'], { exits: 2 });
  await lab.keepsake(['-c', lab.config, 'backup', '--dry-run']);
  expect(await history()).toMatchObject([{ verb: 'backup', outcome: 'failed' }]);
});

test('a damaged history fails no backup, is put aside and begun anew', async () => {
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, 'history.sqlite'), 'damaged '.repeat(1000));
  const unreadable = await lab.keepsake(['history'], { exits: 1 });
  expect(unreadable.stderr).toContain('cannot be read');
  const { stderr } = await lab.keepsake(['-c', lab.config, 'backup']);
  expect(stderr).toContain('history.sqlite.damaged');
  expect(await history()).toMatchObject([{ verb: 'backup', outcome: 'ok' }]);
});

test('a history that cannot be written fails no backup', async () => {
  const file = lab.join('file');
  writeFileSync(file, '');
  const env = { KEEPSAKE_STATE_DIR: join(file, 'state') };
  const { stderr } = await lab.keepsake(['check'], { env });
  expect(stderr.match(/not in the history/g)).toHaveLength(1);
});

test('a restore in place and its rollback are in the history, with the app', async () => {
  const id = await lab.backUp();
  for (const args of [['restore', 'latest'], ['rollback']]) {
    await lab.keepsake(['-c', lab.config, ...args, '--yes']);
  }
  expect((await history()).slice(1)).toMatchObject([
    { verb: 'restore', outcome: 'ok', app: 'wishlist', snapshot_id: id },
    { verb: 'rollback', outcome: 'ok', app: 'wishlist' },
  ]);
});
