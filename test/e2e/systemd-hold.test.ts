/** A systemd unit that nobody starts until it is released. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { startControlledApp } from '../support/service-lab/controlled-app.ts';
import type { LabApp } from '../support/service-lab/lab-app.ts';
import type { JsonValue } from '../../src/base/json-value.ts';

vi.setConfig({ testTimeout: 30_000 });

const limit = { limitMs: 10_000 };
/** What a unit of a package and one of the admin's own are called by where their file lies. */
const places = ['lib', 'etc'] as const;

test.each(places)('a held unit of /%s starts for nobody until it is released', async (place) => {
  await using lab = await startControlledApp({ unit: { place } });
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
    await using lab = await startControlledApp({ unit: { place } });
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
  await using lab = await startControlledApp({ running: false });
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
  await using lab = await startControlledApp({ unit: { place: 'etc', timeoutStopMs: 4321 } });
  await lab.service.hold({});
  const shown = await lab.app.systemctl('show', '-p', 'TimeoutStopUSec,Restart', lab.app.unit);
  expect(shown.stdout).toBe('Restart=always\nTimeoutStopUSec=4.321s\n');
});

test('a unit that was masked before stays masked', async () => {
  await using lab = await startControlledApp({ running: false, unit: { place: 'lib' } });
  await lab.app.systemctl('mask', '--runtime', lab.app.unit);
  const held = await lab.service.hold({});
  await lab.service.release(held, {});
  expect((await lab.app.systemctl('is-enabled', lab.app.unit)).stdout).toBe('masked-runtime\n');
});

test('what a hold found is told before it changes anything, so a crash in between is mended', async () => {
  await using lab = await startControlledApp({ unit: { place: 'lib' } });
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
    await using lab = await startControlledApp({ unit: { place, sockets: [socket] } });
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

test('a hold that fails one way is tried the other way, and fails when neither works', async () => {
  await using lab = await startControlledApp();
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
  await using lab = await startControlledApp({ running: false, unit: { place: 'etc' } });
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
  await using lab = await startControlledApp({ running: false, unit: { place: 'etc' } });
  const held = await lab.service.hold({});
  await lab.service.release(held, {});
  const changes = (await lab.app.calls()).filter((call) => !call.includes(' show '));
  const reload = 'systemctl --no-ask-password daemon-reload';
  expect(changes).toEqual([reload, reload]);
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
