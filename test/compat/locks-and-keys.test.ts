/** Each tool honours the other's locks and opens the other's keys. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { startKeepsake } from '../support/keepsake.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { requireTool } from '../support/require-tool.ts';
import { startProgram, type RunningProgram } from '../support/run-program.ts';
import { openSession } from '../support/sqlite-session.ts';

describe.skipIf(!requireTool('restic'))('locks', () => {
  test('a backup of restic under way lets ours in, and shuts out what needs the repository alone', async () => {
    await using lab = await labWithFile();
    await using holder = startResticBackup(lab);
    const pid = await resticPid(holder);
    await lockCount(lab, 1);
    await lab.keepsake(['backup', lab.source]);
    const args = ['--lock-wait', '0', 'repair', 'index'];
    const { stderr } = await lab.keepsake(args, { exits: 11 });
    expect(stderr).toContain(`PID ${pid} `);
    expect(stderr).toContain(hostname());
    expect(locks(lab)).toHaveLength(1);
  });

  test('while we hold the repository alone, restic gives up and names us', async () => {
    await using lab = await labWithFile();
    const repository = await lab.openRepository();
    {
      await using _held = await repository.lock({ exclusive: true, waitMs: 0 });
      const { stderr } = await lab.restic(['backup', lab.source], { exits: 1 });
      expect(stderr).toMatch(/repository is already locked exclusively by PID \d+ on test by test/);
      await lab.restic(['unlock']); // fresh, so it stays
      expect(locks(lab)).toHaveLength(1);
    }
    await lab.restic(['backup', lab.source]);
    expect(locks(lab)).toEqual([]);
  });

  test('while our backup waits for the app, restic may back up and may not prune', async () => {
    await using lab = await labWithFile();
    const database = join(lab.source, 'app.db');
    await using app = await openSession(
      database,
      'CREATE TABLE t(x); INSERT INTO t VALUES (1); BEGIN EXCLUSIVE',
    );
    await using backup = startOurs(lab, ['backup', lab.source]);
    await lockCount(lab, 1);
    await lab.restic(['backup', '--exclude', 'app.db*', lab.source]);
    const { stderr } = await lab.restic(['prune'], { exits: 1 });
    expect(stderr).toMatch(/already locked by PID \d+ on /);
    await app.exec('COMMIT');
    expect(await backup.ended()).toMatchObject({ exitCode: 0 });
    expect(locks(lab)).toEqual([]);
    await lab.restic(['prune']);
  });

  test('the lock of a Keepsake that was killed is removed by `restic unlock`', async () => {
    await using lab = await labWithFile();
    await using _app = await openSession(
      join(lab.source, 'app.db'),
      'CREATE TABLE t(x); BEGIN EXCLUSIVE',
    );
    await using backup = startOurs(lab, ['backup', lab.source]);
    await lockCount(lab, 1);
    backup.signal('SIGKILL');
    await backup.ended();
    expect(locks(lab)).toHaveLength(1);
    await lab.restic(['unlock']);
    expect(locks(lab)).toEqual([]);
  });

  test('the lock of a restic that was killed is honoured until `unlock`', async () => {
    await using lab = await labWithFile();
    await using holder = startResticBackup(lab);
    const pid = await resticPid(holder);
    await lockCount(lab, 1);
    process.kill(pid, 'SIGKILL');
    while (existsSync(`/proc/${pid}`)) await systemClock.sleep(20);
    // restic does not say in which container it ran: by itself Keepsake cannot know it is dead.
    const args = ['--lock-wait', '0', 'repair', 'index'];
    await lab.keepsake(args, { exits: 11 });
    await lab.keepsake(['unlock']);
    expect(locks(lab)).toEqual([]);
    await lab.keepsake(args);
  });
});

describe.skipIf(!requireTool('restic'))('keys', () => {
  const SECOND = { KEEPSAKE_PASSWORD: 'second', RESTIC_PASSWORD: 'second' };

  test('a key that restic added opens for Keepsake, and not once restic removed it', async () => {
    await using lab = await labWithFile();
    writeFileSync(lab.join('second'), 'second\n');
    await lab.restic(['key', 'add', '--new-password-file', lab.join('second')]);
    await lab.keepsake(['snapshots'], { env: SECOND });
    const keys = await lab.resticJson<{ id: string; current: boolean }[]>(['key', 'list']);
    expect(keys).toHaveLength(2);
    await lab.restic(['key', 'remove', keys.find(({ current }) => !current)!.id]);
    await lab.keepsake(['snapshots'], { env: SECOND, exits: 12 });
  });

  test('a key that Keepsake added opens for restic, and not once Keepsake removed it', async () => {
    await using lab = await labWithFile();
    writeFileSync(lab.join('second'), 'second\n');
    await lab.keepsake(['key', 'add', '--new-password-file', lab.join('second')]);
    await lab.restic(['snapshots'], { env: SECOND });
    const keys = await lab.resticJson<{ id: string; current: boolean }[]>(['key', 'list']);
    expect(keys).toHaveLength(2);
    await lab.keepsake(['key', 'remove', keys.find(({ current }) => !current)!.id]);
    await lab.restic(['snapshots'], { env: SECOND, exits: 1 });
  });

  test('`restic key passwd` leaves Keepsake the new password only', async () => {
    await using lab = await labWithFile();
    writeFileSync(lab.join('second'), 'second\n');
    await lab.restic(['key', 'passwd', '--new-password-file', lab.join('second')]);
    await lab.keepsake(['snapshots'], { env: SECOND });
    await lab.keepsake(['snapshots'], { exits: 12 });
  });
});

async function labWithFile(): Promise<CompatLab> {
  const lab = await openCompatLab();
  writeFileSync(join(lab.source, 'file'), 'content');
  await lab.initQuickly();
  await lab.keepsake(['backup', lab.source]);
  return lab;
}

/** It waits for its standard input, which never ends, while it holds the lock of a backup. */
function startResticBackup({ repository }: CompatLab): RunningProgram {
  const restic = 'echo $$; exec restic --no-cache backup --stdin';
  const script = `tail -f /dev/null | sh -c '${restic}'`;
  const env = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: PASSWORD };
  return startProgram(['sh', '-c', script], { env });
}

/** To be asked for first: lines that nobody waits for are lost. */
async function resticPid({ lines }: RunningProgram): Promise<number> {
  for await (const line of lines) return Number(line);
  throw new Error('the shell ended');
}

function startOurs(lab: CompatLab, args: readonly string[]): RunningProgram {
  return startKeepsake(['-r', lab.repository, ...args], {
    home: lab.join('home'),
    env: { KEEPSAKE_PASSWORD: PASSWORD },
  });
}

function locks({ repository }: CompatLab): string[] {
  return readdirSync(join(repository, 'locks')).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

async function lockCount(lab: CompatLab, wanted: number): Promise<void> {
  while (locks(lab).length !== wanted) await systemClock.sleep(20);
}
