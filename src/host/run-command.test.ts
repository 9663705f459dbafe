import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { systemClock } from '../base/clock.ts';
import { findAccount, type Account } from './accounts.ts';
import { runCommand } from './run-command.ts';

const node = process.execPath;
const options = { clock: systemClock, environment: { PATH: process.env['PATH'] } };

/** A program of a few lines of JavaScript. */
function script(text: string): string[] {
  return [node, '-e', text];
}

function account(name: string): Account {
  const found = findAccount(name);
  if (found === undefined) throw new Error(`no user ${name}`);
  return found;
}

test('what a program says is told line by line, and its last lines are kept', async () => {
  const told: string[] = [];
  const say = `for (let i = 0; i < 80; i++) console.log('line', i); console.error('an\\rerror'); process.exitCode = 7`;
  const result = await runCommand(script(say), {
    ...options,
    onLine: (line, stream) => told.push(`${stream} ${line}`),
  });
  expect(result).toMatchObject({ exitCode: 7, endedBy: null, timedOut: false });
  expect(told.filter((line) => line.startsWith('stdout'))).toHaveLength(80);
  expect(told).toContain('stderr error');
  expect(result.lastLines).toHaveLength(50);
  expect(result.lastLines).toContain('line 79');
});

test('it gets its folder and its environment, and nothing of ours', async () => {
  await using dir = await tempFolder();
  process.env['KEEPSAKE_TEST_SECRET'] = 'hidden';
  const { lastLines } = await runCommand(
    script('console.log(process.cwd()); console.log(Object.keys(process.env).sort().join())'),
    { ...options, environment: { A: '1' }, workingFolder: dir.path },
  );
  delete process.env['KEEPSAKE_TEST_SECRET'];
  expect(lastLines).toEqual([dir.path, 'A']);
});

test('a program that outstays its limit gets TERM, and one that will not hear KILL, with all it started', async () => {
  await using dir = await tempFolder();
  const pidFile = dir.join('pid');
  const deaf = `
    process.on('SIGTERM', () => console.log('heard'));
    const child = require('node:child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"]);
    require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
    setInterval(() => {}, 1000);
  `;
  const result = await runCommand(script(deaf), { ...options, limitMs: 1000, killAfterMs: 300 });
  expect(result).toMatchObject({ exitCode: null, endedBy: 'SIGKILL', timedOut: true });
  expect(result.lastLines).toEqual(['heard']);
  await waitForEnd(Number(readFileSync(pidFile, 'utf8')));
});

test('what a program started is ended with it, though the program itself went at once', async () => {
  await using dir = await tempFolder();
  const pidFile = dir.join('pid');
  const leave = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000)"]);
    child.stdout.on('data', () => require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid)));
    setInterval(() => {}, 1000);
  `;
  const result = await runCommand(script(leave), { ...options, limitMs: 1500 });
  expect(result).toMatchObject({ endedBy: 'SIGTERM', timedOut: true });
  await waitForEnd(Number(readFileSync(pidFile, 'utf8')));
});

test('a cancelled program is ended before the call returns', async () => {
  await using dir = await tempFolder();
  const mark = dir.join('ended');
  const polite = `
    process.on('SIGTERM', () => { require('node:fs').writeFileSync(${JSON.stringify(mark)}, ''); process.exit(0) });
    setInterval(() => {}, 1000); console.log('up');
  `;
  const cancel = new AbortController();
  const reason = new Error('cancelled');
  const running = runCommand(script(polite), {
    ...options,
    signal: cancel.signal,
    onLine: () => cancel.abort(reason),
  });
  await expect(running).rejects.toBe(reason);
  expect(statSync(mark).size).toBe(0);
});

test('a daemon that a program left behind holds nobody up, and goes on', async () => {
  await using dir = await tempFolder();
  const pidFile = dir.join('pid');
  const leave = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', "setInterval(() => console.log('still here'), 20)"], { stdio: 'inherit' });
    require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
    console.log('started'); process.exit(0);
  `;
  const result = await runCommand(script(leave), { ...options, outlived: true });
  expect(result.exitCode).toBe(0);
  expect(result.lastLines[0]).toBe('started');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await sleep(300); // more than a few of its lines
  expect(() => process.kill(pid, 'SIGKILL')).not.toThrow();
});

test('a missing program is named, its arguments are not', async () => {
  const running = runCommand(['keepsake-no-such-program', 'password=1234'], options);
  await expect(running).rejects.toMatchObject({
    code: 'HOST_PROGRAM_FAILED',
    message: 'keepsake-no-such-program could not be run: there is no such program',
  });
  const elsewhere = runCommand([node, '-v'], { ...options, workingFolder: '/no/such/folder' });
  await expect(elsewhere).rejects.toThrow('/no/such/folder, where it has to run, is no folder');
});

test.skipIf(!requireRoot())('a command of another user leaves nothing of root behind', async () => {
  await using dir = await tempFolder();
  chmodSync(dir.path, 0o755);
  const user = account('daemon');
  mkdirSync(dir.join('home'), { mode: 0o777 });
  chmodSync(dir.join('home'), 0o777);
  const write = `
      require('node:fs').writeFileSync('made', '');
      console.log(process.getuid(), process.geteuid(), process.getgid(), process.getgroups().join('+'), process.umask().toString(8));
      process.exit(3);
    `;
  const result = await runCommand(script(write), {
    ...options,
    runAs: user,
    workingFolder: dir.join('home'),
  });
  expect(result).toMatchObject({ exitCode: 3, timedOut: false });
  expect(result.lastLines).toEqual([`${user.uid} ${user.uid} ${user.gid} ${user.gid} 22`]);
  const { uid, gid, mode } = statSync(dir.join('home', 'made'));
  expect([uid, gid, mode & 0o777]).toEqual([user.uid, user.gid, 0o644]);
});

test.skipIf(!requireRoot())('a user of several groups has them all', async (context) => {
  const memberships = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , , members = '']) => members !== '');
  const [, , gid = '', members = ''] = memberships[0] ?? [];
  const user = findAccount(members.split(',')[0] ?? '');
  if (user === undefined) return context.skip('no user of this machine has a second group');
  const { lastLines } = await runCommand(script(`console.log(process.getgroups().join(' '))`), {
    ...options,
    runAs: user,
  });
  expect(lastLines[0]?.split(' ')).toEqual(expect.arrayContaining([String(user.gid), gid]));
  return undefined;
});

test.skipIf(!requireRoot())('another user ends by the signal its program ended by', async () => {
  const result = await runCommand(script(`process.kill(process.pid, 'SIGKILL')`), {
    ...options,
    runAs: account('daemon'),
  });
  expect(result).toMatchObject({ exitCode: null, endedBy: 'SIGKILL', timedOut: false });
  const late = await runCommand(script('setInterval(() => {}, 1000)'), {
    ...options,
    runAs: account('daemon'),
    limitMs: 700,
  });
  expect(late).toMatchObject({ endedBy: 'SIGTERM', timedOut: true });
});

test.skipIf(!requireRoot())('another user may not run what only root may', async () => {
  await using dir = await tempFolder();
  const program = dir.join('secret-program');
  writeFileSync(program, '#!/bin/true\n', { mode: 0o700 });
  chmodSync(dir.path, 0o755);
  await expect(
    runCommand([program], { ...options, runAs: account('daemon') }),
  ).rejects.toMatchObject({ code: 'HOST_PROGRAM_FAILED', details: { program } });
});

test('of a tied program that fails nothing stays behind', async () => {
  await using dir = await tempFolder();
  const note = dir.join('pid');
  const left = `sleep 60 & echo $! > ${note}; exit 3`;
  const { exitCode } = await runCommand(['sh', '-c', left], {
    ...options,
    tied: true,
    terminal: 2,
  });
  expect(exitCode).toBe(3);
  await waitForEnd(Number(readFileSync(note, 'utf8')));
});

async function waitForEnd(pid: number): Promise<void> {
  for (let left = 100; left > 0; left -= 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
    if (state === 'Z') return;
    await sleep(20);
  }
  throw new Error(`process ${pid} is still there`);
}
