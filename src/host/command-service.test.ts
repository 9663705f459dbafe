import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { systemClock } from '../base/clock.ts';
import { findAccount } from './accounts.ts';
import { openService } from './open-service.ts';

const limit = { limitMs: 10_000 };
const host = { clock: systemClock, environment: { PATH: process.env['PATH'] } };

function script(text: string): string[] {
  return [process.execPath, '-e', text];
}

/** Starts a daemon that marks that it is up, and stops it by its number. */
function daemonCommands(folder: string) {
  const daemon = `require('node:fs').writeFileSync('up', ''); setInterval(() => console.log('tick'), 50);
    process.on('SIGTERM', () => setTimeout(() => { require('node:fs').unlinkSync('up'); process.exit(0) }, 300));`;
  writeFileSync(`${folder}/daemon.cjs`, daemon);
  return {
    start:
      script(`const child = require('node:child_process').spawn(process.execPath, ['daemon.cjs'], { detached: true, stdio: 'inherit' });
      require('node:fs').writeFileSync('pid', String(child.pid)); child.unref(); process.exit(0)`),
    stop: script(`process.kill(Number(require('node:fs').readFileSync('pid')), 'SIGTERM')`),
  };
}

test('given commands stop and start the app, and a stop waits until it answers no more', async () => {
  await using dir = await tempFolder();
  const isUp = async () => lstatSync(dir.join('up'), { throwIfNoEntry: false }) !== undefined;
  const commands = { workingFolder: dir.path };
  const service = openService({ commands: daemonCommands(dir.path) }, { ...host, commands, isUp });
  expect(await service.state({})).toBe('stopped');
  await service.start(limit);
  while (!(await isUp()));
  expect(await service.state({})).toBe('running');
  const held = await service.hold({});
  await expect(service.stop({ limitMs: 1 })).rejects.toMatchObject({
    code: 'SERVICE_STOP_TIMEOUT',
  });
  await service.stop(limit);
  expect(await service.state({})).toBe('stopped');
  await service.release(held, {});
});

test('without a way to ask, the state of the app is unknown', async () => {
  const service = openService({ commands: { stop: script(''), start: script('') } }, host);
  expect(await service.state({})).toBe('unknown');
  await service.stop(limit);
});

test('a command that fails is told with what it said last, and one that hangs is ended', async () => {
  const fails = script(`console.error('no such\\nprocess.'); process.exit(4)`);
  const hangs = script('setInterval(() => {}, 1000)');
  const service = openService({ commands: { stop: fails, start: fails } }, host);
  const reason = 'the program ended with exit code 4: process';
  await expect(service.stop(limit)).rejects.toMatchObject({
    code: 'SERVICE_STOP_FAILED',
    details: { reason },
  });
  await expect(service.start(limit)).rejects.toMatchObject({
    code: 'SERVICE_START_FAILED',
    details: { reason },
  });
  const slow = openService({ commands: { stop: hangs, start: hangs } }, host);
  await expect(slow.stop({ limitMs: 300 })).rejects.toMatchObject({ code: 'SERVICE_STOP_TIMEOUT' });
  await expect(slow.start({ limitMs: 300 })).rejects.toMatchObject({
    code: 'SERVICE_START_FAILED',
    message: expect.stringContaining('did not end within') as string,
  });
});

test.skipIf(!requireRoot())(
  "commands run as the app's user with its environment, and see no password of ours",
  async () => {
    await using dir = await tempFolder();
    const runAs = findAccount('daemon');
    chmodSync(dir.path, 0o755);
    const folder = dir.join('app');
    mkdirSync(folder);
    chownSync(folder, runAs?.uid ?? -1, runAs?.gid ?? -1);
    const dump = script(
      `require('node:fs').writeFileSync('environment', JSON.stringify(process.env))`,
    );
    const service = openService(
      { commands: { stop: dump, start: dump } },
      {
        clock: systemClock,
        environment: {
          ...host.environment,
          KEEPSAKE_PASSWORD: 'hidden',
          RESTIC_REPOSITORY: '/backups',
          HOME: '/root',
          EDITOR: 'vi',
        },
        commands: { runAs, workingFolder: folder, environment: { DATABASE_URL: 'file:x' } },
      },
    );
    await service.start(limit);
    expect(lstatSync(`${folder}/environment`)).toMatchObject({ uid: runAs?.uid, gid: runAs?.gid });
    const environment = JSON.parse(readFileSync(`${folder}/environment`, 'utf8')) as object;
    expect(environment).toEqual({
      PATH: process.env['PATH'],
      HOME: runAs?.home,
      USER: 'daemon',
      LOGNAME: 'daemon',
      DATABASE_URL: 'file:x',
    });
  },
);
