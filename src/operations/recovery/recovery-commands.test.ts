import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import {
  recoveryCommands,
  type RecoveryStepName,
  type RecoverySubject,
} from './recovery-commands.ts';

function linesOf(
  app: Partial<ResolvedApp>,
  changes: Partial<RecoverySubject> = {},
): (...names: RecoveryStepName[]) => string[] {
  const root = '/srv/app';
  const whole = {
    name: 'app',
    root,
    paths: [root],
    optionalPaths: [],
    exclude: [],
    workingDirectory: root,
    environment: {},
    ...app,
  } as unknown as ResolvedApp;
  const steps = recoveryCommands({
    app: whole,
    hostname: 'nas',
    location: '/mnt/backup',
    passwordFile: '/root/pw',
    ...changes,
  });
  return (...names) => steps.flatMap(({ name, lines }) => (names.includes(name) ? [...lines] : []));
}

test.each([
  [{ systemd: 'a b.service' }, "systemctl stop 'a b.service'", "systemctl start 'a b.service'"],
  [{ docker: 'app' }, 'docker stop --time 60 app', 'docker start app'],
  [
    { commands: { stop: ['pm2', 'stop', "it's"], start: ['pm2', 'start', 'x'] } },
    String.raw`(cd /srv/app && runuser -u app -- pm2 stop 'it'\''s')`,
    '(cd /srv/app && runuser -u app -- pm2 start x)',
  ],
])('the app is stopped and started as the config says: %j', (service, stop, start) => {
  const lines = linesOf({ service, runAs: 'app' } as Partial<ResolvedApp>);
  expect([...lines('stop'), ...lines('start')]).toEqual([stop, start]);
});

test('commands get the environment of the config, whose values are not for every eye', () => {
  const service = { commands: { stop: ['true'], start: ['sh', '-c', 'echo "$KEY $PORT"'] } };
  const app = { service, environment: { KEY: "it's `secret`", PORT: '3000' }, root: '/' };
  const start = (showsEnvironment: boolean) =>
    linesOf({ ...app, workingDirectory: '/' } as Partial<ResolvedApp>, { showsEnvironment })(
      'start',
    );
  const run = (lines: string[]) =>
    execFileSync('sh', ['-eu'], { input: lines.join('\n'), encoding: 'utf8', stdio: 'pipe' });
  expect(run(start(true))).toBe("it's `secret` 3000\n");
  const hidden = start(false);
  expect(hidden.join('\n')).not.toMatch(/secret|3000/);
  expect(() => run(hidden)).toThrow(/KEY: set it first/);
  expect(run(["KEY='a b'; PORT=1", ...hidden])).toBe('a b 1\n');
});

test('where no service is known the lines still run, and tell the person to do it', () => {
  const lines = linesOf({})('stop', 'start').join('\n');
  expect(execFileSync('sh', ['-eu'], { input: lines, encoding: 'utf8' })).toBe('');
  expect(lines).toMatch(/stop the app yourself[^]*start the app yourself/);
});

test('a restored unit file is made known to systemd before the start', () => {
  const paths = ['/srv/app/data', '/etc/systemd/system/app.service'];
  const lines = linesOf({ paths, service: { systemd: 'app.service' } });
  expect(lines('start')).toEqual(['systemctl daemon-reload', 'systemctl start app.service']);
});

test('only what lies in the app’s folder is given to its owner', () => {
  const paths = ['/srv/app/data', '/srv/app2/data', '/root/.wishlist'];
  const lines = linesOf({ paths, owner: 'app:app' })('owner').join('\n');
  expect(lines).toContain('for path in /srv/app/data; do');
});

/** Runs the steps in a shell of their own, all of it below `into`. */
function runIn(into: string, lines: readonly string[]): void {
  const target = join(into, 'target');
  mkdirSync(`${target}.old`, { recursive: true });
  const variables = [`TARGET='${target}'`, `INTO='${into}'`];
  const input = [...variables, ...lines].join('\n');
  execFileSync('sh', ['-eu'], { input, stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } });
}

test('a database that is named by itself takes its -wal, -shm and -journal along', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('srv'));
  const names = ['', '-wal', '-shm', '-journal'].map((suffix) => `srv/my prod.db${suffix}`);
  for (const name of names) writeFileSync(dir.join(name), '');
  runIn(dir.path, linesOf({ paths: ['/srv/my prod.db'] })('aside'));
  expect(names.map((name) => existsSync(dir.join(name)))).toEqual([false, false, false, false]);
  const aside = names.map((name) => existsSync(dir.join('target.old', name)));
  expect(aside).toEqual([true, true, true, true]);
});

test('what need not be there is replaced where the snapshot has it, and stays where it has not', async () => {
  await using dir = await tempFolder();
  for (const folder of ['srv', 'target/srv']) mkdirSync(dir.join(folder), { recursive: true });
  for (const name of ['srv/.env', 'srv/Caddyfile']) writeFileSync(dir.join(name), 'old');
  writeFileSync(dir.join('target/srv/.env'), 'restored');
  const paths = ['/srv/.env', '/srv/Caddyfile'];
  runIn(dir.path, linesOf({ paths, optionalPaths: paths })('aside', 'place'));
  const read = (name: string): string => readFileSync(dir.join(name), 'utf8');
  expect(read('srv/.env')).toBe('restored');
  expect(read('target.old/srv/.env')).toBe('old');
  expect(read('srv/Caddyfile')).toBe('old');
});

test('a folder that stands in the way again is an error, not the new home of the restored one', async () => {
  await using dir = await tempFolder();
  for (const folder of ['srv/data', 'target/srv/data']) {
    mkdirSync(dir.join(folder), { recursive: true });
  }
  writeFileSync(dir.join('srv/data/prod.db'), 'made anew by the app');
  const lines = linesOf({ paths: ['/srv/data'] })('place');
  expect(() => runIn(dir.path, lines)).toThrow(/not empty/);
  expect(readdirSync(dir.join('srv/data'))).toEqual(['prod.db']);
  expect(existsSync(dir.join('target/srv/data'))).toBe(true);
});
