import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { LabApp } from '../support/service-lab/lab-app.ts';
import { startLabApp, type LabAppOptions } from '../support/service-lab/start-lab-app.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { JsonValue } from '../../src/base/json-value.ts';
import { openService } from '../../src/host/open-service.ts';
import { probeHealth } from '../../src/host/health-probe.ts';
import type { ServiceControl } from '../../src/host/service.ts';

vi.setConfig({ testTimeout: 30_000 });

const limit = { limitMs: 10_000 };
/** What a unit of a package and one of the admin's own are called by where their file lies. */
const places = ['lib', 'etc'] as const;

function serviceOf(app: LabApp): ServiceControl {
  return openService(app.service, { clock: systemClock, environment: app.env });
}

async function startLab(options: LabAppOptions = {}) {
  const app = await startLabApp(options);
  return {
    app,
    service: serviceOf(app),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

test('a unit that restarts always is stopped for certain and started again', async () => {
  await using lab = await startLab();
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
  await using lab = await startLab({ app: { stopWaitMs: 700 } });
  await lab.app.openTab();
  const start = performance.now();
  await lab.service.stop(limit);
  expect(performance.now() - start).toBeGreaterThan(690);
  expect(await lab.service.state({})).toBe('stopped');
});

test('a stop that takes too long names what still runs, and kills nothing by itself', async () => {
  await using lab = await startLab({ app: { stopWaitMs: 1500 } });
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
  await using lab = await startLab({ app: { ignoreTerm: true }, unit: { timeoutStopMs: 200 } });
  await lab.service.stop(limit);
  expect(await lab.service.state({})).toBe('failed');
  expect(await lab.app.pid()).toBe(0);
});

test('a process that a stop leaves behind is named', async () => {
  await using lab = await startLab();
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
  await using lab = await startLab({ running: false });
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
  await using lab = await startLab({ running: false, unit: { restartMs: 10, startLimitBurst: 3 } });
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
  await using lab = await startLab({ unit: { restartMs: 60_000 } });
  await lab.app.kill();
  await lab.app.untilState('activating');
  expect(await lab.service.state({})).toBe('running');
  await lab.service.stop(limit);
  expect(await lab.service.state({})).toBe('stopped');
});

test.each(places)('a held unit of /%s starts for nobody until it is released', async (place) => {
  await using lab = await startLab({ unit: { place } });
  const { app, service } = lab;
  await service.stop(limit);
  const held = await service.hold({});
  expect(await service.hold({ known: held })).toEqual(held);
  const tried = await app.systemctl('start', app.unit);
  expect(tried).toMatchObject({ exitCode: 1 });
  await expect(service.start(limit)).rejects.toMatchObject({ code: 'SERVICE_START_FAILED' });
  expect([await app.pid(), await service.state({})]).toEqual([0, 'stopped']);
  await service.release(roundTrip(held), {});
  await service.release(roundTrip(held), {});
  expect(leftBehind(app)).toEqual([]);
  await service.start(limit);
  await app.untilUp();
});

test.each(places)(
  'a unit of /%s that is held does not start after a reboot, either, until its marker is gone',
  async (place) => {
    await using lab = await startLab({ unit: { place } });
    const { app, service } = lab;
    const lasting = { marker: app.join('50% of it'), onWeak: (why: string) => expect.fail(why) };
    writeFileSync(lasting.marker, '');
    await service.stop(limit);
    const held = await service.hold({ lasting });
    await reboot(app);
    expect(await app.systemctl('start', app.unit)).toMatchObject({ exitCode: 1 });
    await service.hold({ lasting, known: roundTrip(held) });
    expect(await app.systemctl('start', app.unit)).toMatchObject({ exitCode: 1 });
    await reboot(app);
    // What is left behind keeps nobody from anything.
    rmSync(lasting.marker);
    await service.start(limit);
    await service.release(roundTrip(held), {});
    expect(leftBehind(app)).toEqual([]);
    expect(await service.state({})).toBe('running');
  },
);

test('a hold that cannot outlive a reboot says so, and holds until then', async () => {
  await using lab = await startLab({ running: false });
  const { app, service } = lab;
  mkdirSync(app.join('root/etc/systemd/system'), { recursive: true });
  writeFileSync(app.join('root/etc/systemd/system', `${app.unit}.d`), 'no folder');
  const told: string[] = [];
  const onWeak = (why: string): void => void told.push(why);
  for (const marker of [app.join('marker'), app.join('line\nbreak')]) {
    const held = await service.hold({ lasting: { marker, onWeak } });
    expect(await app.systemctl('start', app.unit)).toMatchObject({ exitCode: 1 });
    await service.release(held, {});
  }
  expect(told).toEqual([
    expect.stringContaining('EEXIST'),
    expect.stringContaining('cannot be written into a unit file'),
  ]);
});

test('a unit of the admin keeps its own limit to stop while it is held', async () => {
  await using lab = await startLab({ unit: { place: 'etc', timeoutStopMs: 4321 } });
  await lab.service.hold({});
  const shown = await lab.app.systemctl('show', '-p', 'TimeoutStopUSec,Restart', lab.app.unit);
  expect(shown.stdout).toBe('Restart=always\nTimeoutStopUSec=4.321s\n');
});

test('a unit that was masked before stays masked', async () => {
  await using lab = await startLab({ running: false, unit: { place: 'lib' } });
  await lab.app.systemctl('mask', '--runtime', lab.app.unit);
  const held = await lab.service.hold({});
  await lab.service.release(held, {});
  expect((await lab.app.systemctl('is-enabled', lab.app.unit)).stdout).toBe('masked-runtime\n');
});

test('what a hold found is told before it changes anything, so a crash in between is mended', async () => {
  await using lab = await startLab({ unit: { place: 'lib' } });
  const { app, service } = lab;
  await service.stop(limit);
  let journal: JsonValue = null;
  const crash = service.hold({
    record: async (held) => {
      journal = held;
      expect((await app.systemctl('is-enabled', app.unit)).stdout).toBe('enabled\n');
    },
  });
  await crash;
  // After the crash the unit is masked already; only the journal knows that it was not.
  const again = await service.hold({ known: journal });
  await service.release(again, {});
  expect((await app.systemctl('is-enabled', app.unit)).stdout).toBe('enabled\n');
});

test.each(places)(
  'a socket cannot start a held unit of /%s, and listens again after',
  async (place) => {
    const socket = 'wishlist.socket';
    await using lab = await startLab({ unit: { place, sockets: [socket] } });
    const { app, service } = lab;
    await service.stop(limit);
    const held = await service.hold({});
    await app.trigger(socket);
    expect(await app.pid()).toBe(0);
    expect((await app.systemctl('is-active', socket)).stdout).toBe('failed\n');
    await service.release(held, {});
    expect((await app.systemctl('is-active', socket)).stdout).toBe('active\n');
    await app.trigger(socket);
    await app.untilUp();
  },
);

test('a manager that refuses is quoted, and says in what state the app is', async () => {
  await using lab = await startLab({ unit: { place: 'lib' } });
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

test('a hold that fails one way is tried the other way, and fails when neither works', async () => {
  await using lab = await startLab();
  const { app, service } = lab;
  const denied = { exitCode: 1, stderr: 'Access denied\n' };
  await service.stop(limit);
  for (const words of [['daemon-reload'], ['mask']]) {
    for (const word of words) await app.fault(word, denied);
    const held = await service.hold({});
    expect(await app.systemctl('start', app.unit)).toMatchObject({ exitCode: 1 });
    await service.release(held, {});
    expect(leftBehind(app)).toEqual([]);
  }
  for (const word of ['daemon-reload', 'mask']) await app.fault(word, denied);
  let journal: JsonValue = null;
  const record = async (held: JsonValue) => void (journal = held);
  await expect(service.hold({ record })).rejects.toMatchObject({
    code: 'SERVICE_HOLD_FAILED',
    details: { reason: 'Access denied' },
  });
  // What was begun is undone as after a crash: by the journal.
  await service.release(journal, {});
  expect(leftBehind(app)).toEqual([]);
  await service.start(limit);
});

test('a mask without effect is noticed', async () => {
  await using lab = await startLab({ running: false, unit: { place: 'etc' } });
  const { app, service } = lab;
  const dropIn = app.join('root/run/systemd/system', `${app.unit}.d`, '90-keepsake-hold.conf');
  // As where systemd does not say in which folder the unit's own file is.
  const held = await service.hold({
    known: { masked: false, first: 'mask', dropIn, triggers: [] },
  });
  expect(await app.systemctl('start', app.unit)).toMatchObject({ exitCode: 1 });
  await service.release(held, {});
  expect(leftBehind(app)).toEqual([]);
});

test('a unit of the admin is held without a mask, which would have no effect', async () => {
  await using lab = await startLab({ running: false, unit: { place: 'etc' } });
  const held = await lab.service.hold({});
  await lab.service.release(held, {});
  const changes = (await lab.app.calls()).filter((call) => !call.includes(' show '));
  const reload = 'systemctl --no-ask-password daemon-reload';
  expect(changes).toEqual([reload, reload]);
});

test('somebody who starts it while it stops is noticed', async () => {
  await using lab = await startLab({ app: { stopWaitMs: 600 } });
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
  await using lab = await startLab();
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

/** As from a journal. */
function roundTrip(held: JsonValue): JsonValue {
  return JSON.parse(JSON.stringify(held)) as JsonValue;
}

/** Of the runtime folder nothing is left, and systemd reads everything anew. */
async function reboot(app: LabApp): Promise<void> {
  rmSync(app.join('root/run'), { recursive: true, force: true });
  await app.systemctl('daemon-reload');
}

/** Masks and drop-ins. */
function leftBehind(app: LabApp): string[] {
  const folders = [app.join('root/run/systemd/system'), app.join('root/etc/systemd/system')];
  return folders.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).filter((name) => name !== app.unit) : [],
  );
}
