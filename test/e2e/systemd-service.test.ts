import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { startControlledApp } from '../support/service-lab/controlled-app.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { systemClock } from '../../src/base/clock.ts';
import { openService } from '../../src/host/open-service.ts';
import { probeHealth } from '../../src/host/health-probe.ts';

vi.setConfig({ testTimeout: 30_000 });

const limit = { limitMs: 10_000 };

test('a unit that restarts always is stopped for certain and started again', async () => {
  await using lab = await startControlledApp();
  const { app, service } = lab;
  expect(service.description).toBe('systemd unit wishlist.service');
  expect(await service.state({})).toBe('running');
  await app.addItem('a last wish');
  await service.stop(limit);
  expect(await service.state({})).toBe('stopped');
  expect([await app.pid(), await app.loginStatus()]).toEqual([0, 0]);
  expect(existsSync(`${app.folders.database}-wal`)).toBe(false); // it ended cleanly
  await service.start(limit);
  expect(await service.state({})).toBe('running');
  const verdict = await probeHealth(app.health, { clock: systemClock, limitMs: 10_000 });
  expect(verdict).toMatchObject({ kind: 'healthy' });
});

test('an open page holds a stop up, which is waited for', async () => {
  await using lab = await startControlledApp({ app: { stopWaitMs: 700 } });
  await lab.app.openTab();
  const start = performance.now();
  await lab.service.stop(limit);
  expect(performance.now() - start).toBeGreaterThan(690);
  expect(await lab.service.state({})).toBe('stopped');
});

test('a stop that takes too long names what still runs, and kills nothing by itself', async () => {
  await using lab = await startControlledApp({ app: { stopWaitMs: 1500 } });
  await lab.app.openTab();
  const pid = await lab.app.pid();
  await expect(lab.service.stop({ limitMs: 400 })).rejects.toMatchObject({
    code: 'SERVICE_STOP_TIMEOUT',
    details: { limitMs: 400, running: `process ${pid} (node)` },
  });
  expect(await lab.app.pid()).toBe(pid);
  expect(await lab.service.state({})).toBe('running');
  await lab.app.untilState('inactive'); // a little later
});

test("systemd's own limit kills what will not end, and that counts as stopped", async () => {
  await using lab = await startControlledApp({
    app: { ignoreTerm: true },
    unit: { timeoutStopMs: 200 },
  });
  await lab.service.stop(limit);
  expect(await lab.service.state({})).toBe('failed');
  expect(await lab.app.pid()).toBe(0);
});

test('a process that a stop leaves behind is named', async () => {
  await using lab = await startControlledApp();
  const { app, service } = lab;
  mkdirSync(app.join('group'));
  writeFileSync(app.join('group/cgroup.procs'), `${process.pid}\n`);
  // As with KillMode=process: the unit is inactive, its control group is not empty.
  const stdout = `LoadState=loaded\nActiveState=inactive\nControlGroup=/../../..${app.join('group')}`;
  await app.fault('show', { exitCode: 0, stdout });
  await expect(service.stop(limit)).rejects.toMatchObject({
    code: 'SERVICE_STOP_FAILED',
    message: expect.stringContaining(`process ${process.pid} (`) as string,
  });
});

test('a unit that is not there is missing, and cannot be stopped or started', async () => {
  await using lab = await startControlledApp({ running: false });
  const host = { clock: systemClock, environment: lab.app.env };
  const other = openService({ systemd: 'other' }, host);
  expect(await other.state({})).toBe('missing');
  await expect(other.stop(limit)).rejects.toMatchObject({
    message: expect.stringContaining('Unit other.service not loaded') as string,
  });
  await expect(other.start(limit)).rejects.toMatchObject({ code: 'SERVICE_START_FAILED' });
});

test('a name that systemctl could take for an option or a pattern is refused', () => {
  const host = { clock: systemClock, environment: {} };
  for (const systemd of ['--all', '-a', '*', 'a b.service', '../x.service', '']) {
    expect(() => openService({ systemd }, host)).toThrowError(
      expect.objectContaining({ code: 'SERVICE_NAME_INVALID' }),
    );
  }
  for (const systemd of ['wishlist', 'app@1.service', 'a-b_c.d:e.target', 'x\\x2dy.service']) {
    expect(openService({ systemd }, host).description).toContain(systemd);
  }
});

test('an app that crashed too often starts again once it is mended', async () => {
  await using lab = await startControlledApp({
    running: false,
    unit: { restartMs: 10, startLimitBurst: 3 },
  });
  const { app, service } = lab;
  app.setApp({ exitAtStart: 1 });
  await app.start();
  await app.untilState('failed');
  expect(await service.state({})).toBe('failed');
  app.setApp({});
  await service.start(limit);
  await app.untilUp();
  expect(await service.state({})).toBe('running');
});

test('an app that waits to be started again counts as running', async () => {
  await using lab = await startControlledApp({ unit: { restartMs: 60_000 } });
  await lab.app.kill();
  await lab.app.untilState('activating');
  expect(await lab.service.state({})).toBe('running');
  await lab.service.stop(limit);
  expect(await lab.service.state({})).toBe('stopped');
});

test('a manager that refuses is quoted, and says in what state the app is', async () => {
  await using lab = await startControlledApp({ unit: { place: 'lib' } });
  const { app, service } = lab;
  const denied = { exitCode: 4, stderr: 'Failed: Access denied\nSee system logs.\n' };
  const reason = 'Failed: Access denied';
  for (const [word, call, code] of [
    ['show', () => service.state({}), 'SERVICE_NOT_ASKED'],
    ['stop', () => service.stop(limit), 'SERVICE_STOP_FAILED'],
    ['start', () => service.start(limit), 'SERVICE_START_FAILED'],
    [
      'unmask',
      () => service.release({ masked: false, triggers: [] }, {}),
      'SERVICE_RELEASE_FAILED',
    ],
  ] as const) {
    await app.fault(word, denied);
    await expect(call()).rejects.toMatchObject({ code, details: { reason } });
  }
});

test('somebody who starts it while it stops is noticed', async () => {
  await using lab = await startControlledApp({ app: { stopWaitMs: 600 } });
  await lab.app.openTab();
  const stopping = lab.service.stop(limit);
  stopping.catch(() => {});
  await lab.app.untilState('deactivating');
  const started = lab.app.systemctl('start', lab.app.unit);
  await expect(stopping).rejects.toMatchObject({ code: 'SERVICE_STOP_FAILED' });
  expect(await started).toMatchObject({ exitCode: 0 });
});

test('passwords of ours are not handed to systemctl', async () => {
  await using dir = await tempFolder();
  const program = `#!/bin/sh\nenv > ${dir.join('seen')}\n`;
  writeFileSync(dir.join('systemctl'), program, { mode: 0o755 });
  const environment = {
    PATH: `${dir.path}:${process.env['PATH']}`,
    KEEPSAKE_PASSWORD: 'hidden',
    RESTIC_PASSWORD_FILE: 'hidden',
    AWS_SECRET_ACCESS_KEY: 'hidden',
    XDG_RUNTIME_DIR: '/run/user/0',
    LANG: 'de_DE.UTF-8',
  };
  const service = openService({ systemd: 'wishlist' }, { clock: systemClock, environment });
  await service.state({});
  const seen = readFileSync(dir.join('seen'), 'utf8');
  expect(seen).not.toContain('hidden');
  expect(seen).toContain('XDG_RUNTIME_DIR=/run/user/0\n');
  expect(seen).toContain('LC_ALL=C.UTF-8\n'); // what it says is read
});

test('one that runs although systemctl called it stopped is not stopped', async () => {
  await using lab = await startControlledApp();
  await lab.app.fault('stop', { exitCode: 0 });
  await expect(lab.service.stop(limit)).rejects.toMatchObject({
    code: 'SERVICE_STOP_FAILED',
    details: { reason: 'it is active (running) again; somebody else started it' },
  });
});

test('a machine without systemctl says so', async () => {
  const service = openService(
    { systemd: 'wishlist' },
    { clock: systemClock, environment: { PATH: '/no/such/folder' } },
  );
  await expect(service.state({})).rejects.toMatchObject({
    code: 'HOST_PROGRAM_FAILED',
    details: { program: 'systemctl' },
  });
});
