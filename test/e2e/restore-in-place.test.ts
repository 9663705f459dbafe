import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import {
  expectPictures,
  openAppWithMistake,
  type AppWithMistake,
} from '../support/app-with-mistake.ts';
import type { ProtectedApp } from '../support/protected-app.ts';

let lab: ProtectedApp;
let before: AppWithMistake['before'];
let uploads: number;
let openWithMistake: AppWithMistake['openWithMistake'];
let stops: AppWithMistake['stops'];

beforeAll(async () => {
  ({ lab, before, uploads, openWithMistake, stops } = await openAppWithMistake());
});
afterAll(() => lab[Symbol.asyncDispose]());

test('a restore brings the app back as it was backed up, and rollback brings back what came since', async () => {
  await openWithMistake();
  await lab.app.addItem('Came since');
  const since = await lab.names();
  const { stdout } = await lab.keepsake(['restore', 'latest', '--yes']);
  expect(stdout).toMatch(/^rows +items: 16 -> 20$/m);
  expect(stdout).toMatch(/^files +\d+ come back, 1 go, 0 change$/m);
  expect(stdout).toMatch(/has snapshot \w{8} and answers/);
  expect(await lab.names()).toEqual(before);
  await expectPictures(lab);
  expect(await lab.app.state()).toBe('active');
  const [place = ''] = lab.places();
  expect(stdout).toContain(place);
  const { stdout: told } = await lab.keepsake(['rollback', '--yes']);
  expect(told).toContain('goes with it; it stays in a restore point of its own');
  expect(await lab.names()).toEqual(since);
  await expectPictures(lab);
});

test('what was written after the restore point is in the repository, too, once the old files go', async () => {
  await openWithMistake({ stopWaitMs: 1500, addAtStop: 'Written at the last moment' });
  await lab.app.openTab();
  await lab.keepsake(['restore', 'latest', '--yes']);
  expect(await lab.names()).toEqual(before);
  await lab.backUp();
  expect(lab.places()).toEqual([]);
  await lab.keepsake(['rollback', '--yes']);
  expect(await lab.names()).toContain('Written at the last moment');
  await expectPictures(lab);
});

test('without a yes nothing happens, and --dry-run only shows the plan', async () => {
  await openWithMistake();
  const { stderr } = await lab.keepsake(['restore', 'latest'], { exits: 2 });
  expect(stderr).toContain('--yes');
  const plan = await lab.keepsake(['restore', 'latest', '--dry-run']);
  expect(plan.stdout).toContain('systemd unit wishlist.service, running');
  expect(plan.stdout).toContain('no drill was made of this snapshot');
  const [json] = messages(await lab.keepsake(['--json', 'restore', 'latest', '-n']), 'plan');
  expect(json).toMatchObject({ files_come: uploads - lab.uploads().length, files_go: 0 });
  const table = { table: 'items', rows_now: 15, rows_then: 20 };
  expect(json?.['tables']).toContainEqual(expect.objectContaining(table));
  expect(lab.places()).toEqual([]);
  expect(await lab.names()).toHaveLength(15);
  expect(await stops()).toEqual([]);
});

test('an app that is ill on the restored state has its old one again, and runs', async () => {
  await openWithMistake();
  const names = await lab.names();
  // A database newer than what this version of the app knows.
  lab.app.setApp({ knownMigration: '2020' });
  const { stderr } = await lab.keepsake(['restore', 'latest', '--yes'], { exits: 1 });
  expect(stderr).toContain('the health check failed');
  expect(stderr).toContain('status 500: the database is damaged, empty or missing');
  expect(stderr).toContain('The old state is back in place');
  lab.app.setApp({});
  await lab.app.stop();
  await lab.app.start();
  await lab.app.untilUp();
  expect(await lab.names()).toEqual(names);
  await lab.keepsake(['status']);
});

test('an app that answers late is waited for; one that never does gets its old state back', async () => {
  await openWithMistake();
  const names = await lab.names();
  lab.app.setApp({ startDelayMs: 60_000 });
  lab.configure({ health: { ...lab.app.health, timeout: '1 s' } });
  const { stderr } = await lab.keepsake(['restore', 'latest', '--yes'], { exits: 1 });
  expect(stderr).toContain('gave no answer');
  expect(await lab.app.state()).toBe('active');
  lab.app.setApp({});
  lab.configure({});
  await lab.app.stop();
  expect(lab.readNames()).toEqual(names);
  await lab.app.start();
  await lab.app.untilUp();
  lab.app.setApp({ startDelayMs: 2500 });
  await lab.keepsake(['restore', 'latest', '--yes']);
  expect(await lab.names()).toEqual(before);
});

test.each(['undo', 'resume'] as const)(
  'killed while the app stops, status says what stands, backups are refused, and --%s ends it',
  async (direction) => {
    await openWithMistake({ stopWaitMs: 2500 });
    const names = await lab.names();
    await lab.app.openTab();
    const running = lab.startKeepsake(['restore', 'latest', '--yes']);
    await lab.app.untilState('deactivating');
    const lock = readFileSync(join(lab.app.join('state'), 'change.lock'), 'utf8');
    process.kill((JSON.parse(lock) as { pid: number }).pid, 'SIGKILL');
    await running.ended();
    const { stdout } = await lab.keepsake(['status']);
    expect(stdout).toContain('UNFINISHED: the restore of wishlist');
    expect(stdout).toContain('keepsake restore --undo');
    const refused = [['backup'], ['restore', 'latest', '--yes'], ['rollback', '--yes']];
    for (const args of refused) {
      const { stderr } = await lab.keepsake(args, { exits: 1 });
      expect(stderr).toContain('keepsake restore --resume');
    }
    // The pointer to the journal is lost: it is found beside the data.
    rmSync(lab.app.join('state'), { recursive: true });
    await lab.keepsake(['restore', `--${direction}`]);
    await lab.app.untilUp();
    expect(await lab.names()).toEqual(direction === 'undo' ? names : before);
    await lab.backUp();
    await lab.keepsake(['restore', `--${direction}`], { exits: 1 });
  },
);

test.each([
  ['corrupt', (path: string) => writeFileSync(path, Buffer.alloc(8192, 7))],
  ['empty', (path: string) => writeFileSync(path, '')],
  ['absent', (path: string) => rmSync(path)],
])(
  'a database that is %s does not stop a restore, and is kept aside as it is',
  async (_, spoil) => {
    await openWithMistake();
    await lab.app.stop();
    spoil(lab.app.folders.database);
    const spoilt = existsSync(lab.app.folders.database)
      ? readFileSync(lab.app.folders.database)
      : undefined;
    await lab.app.start();
    const { stderr } = await lab.keepsake(['restore', 'latest', '--yes']);
    expect(stderr).toContain('kept aside, are the restore point');
    expect(await lab.names()).toEqual(before);
    const [place = ''] = lab.places();
    const kept = join(place, 'old', lab.app.folders.database);
    if (spoilt !== undefined)
      expect(readFileSync(kept).subarray(0, 16)).toEqual(spoilt.subarray(0, 16));
    await lab.backUp();
    // Not all of it is in the repository.
    expect(lab.places()).toEqual([place]);
  },
);

test('a stopped app is left stopped', async () => {
  await openWithMistake();
  await lab.app.stop();
  await lab.keepsake(['restore', 'latest', '--yes']);
  expect(await lab.app.state()).toBe('inactive');
  expect(lab.readNames()).toEqual(before);
});
