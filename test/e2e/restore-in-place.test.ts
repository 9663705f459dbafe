import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';
import { requireRoot } from '../support/require-tool.ts';
import type { AppOptions } from '../support/service-lab/app-options.ts';
import type { RunningProgram } from '../support/run-program.ts';

/** Names of the items when the app was backed up. */
let before: readonly string[];
let uploads: number;
let lab: ProtectedApp;
let reset: (app?: AppOptions) => Promise<void>;
let callsBefore: number;

beforeAll(async () => {
  lab = await openProtectedApp();
  before = await lab.names();
  await lab.backUp();
  uploads = lab.uploads().length;
  for (const { id } of (await lab.app.items()).slice(0, 5)) await lab.app.deleteItem(id);
  reset = await lab.freeze();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Backed up, then some items were deleted by mistake. */
async function openWithMistake(app: AppOptions = {}): Promise<void> {
  await reset(app);
  callsBefore = (await lab.app.calls()).length;
}

async function stops(): Promise<string[]> {
  return (await lab.app.calls()).slice(callsBefore).filter((call) => call.includes(' stop '));
}

/** No row names a picture that is not there. */
async function expectPictures(): Promise<void> {
  const there = new Set(lab.uploads());
  for (const { imageUrl } of await lab.app.items()) {
    if (imageUrl !== null) expect(there.has(imageUrl)).toBe(true);
  }
}

test('a restore brings the app back as it was backed up, and rollback brings back what came since', async () => {
  await openWithMistake();
  await lab.app.addItem('Came since');
  const since = await lab.names();
  const { stdout } = await lab.keepsake(['restore', 'latest', '--yes']);
  expect(stdout).toMatch(/^rows +items: 16 -> 20$/m);
  expect(stdout).toMatch(/^files +\d+ come back, 1 go, 0 change$/m);
  expect(stdout).toMatch(/has snapshot \w{8} and answers/);
  expect(await lab.names()).toEqual(before);
  await expectPictures();
  expect(await lab.app.state()).toBe('active');
  const [place = ''] = lab.places();
  expect(stdout).toContain(place);
  const { stdout: told } = await lab.keepsake(['rollback', '--yes']);
  expect(told).toContain('goes with it; it stays in a restore point of its own');
  expect(await lab.names()).toEqual(since);
  await expectPictures();
});

test('what was written after the restore point is in the repository, too, once the old files go', async () => {
  await openWithMistake({ stopWaitMs: 300 });
  await lab.app.openTab();
  const running = lab.startKeepsake(['restore', 'latest', '--yes']);
  await untilSaid(running, 'making the restored state ready');
  await lab.app.addItem('Written at the last moment');
  expect((await running.ended()).exitCode).toBe(0);
  expect(await lab.names()).toEqual(before);
  await lab.backUp();
  expect(lab.places()).toEqual([]);
  await lab.keepsake(['rollback', '--yes']);
  expect(await lab.names()).toContain('Written at the last moment');
  await expectPictures();
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
  await openWithMistake({ startDelayMs: 700 });
  const names = await lab.names();
  lab.app.setApp({ startDelayMs: 60_000 });
  lab.configure({ health: { ...lab.app.health, timeout: '1 s' } });
  const { stderr } = await lab.keepsake(['restore', 'latest', '--yes'], { exits: 1 });
  expect(stderr).toContain('gave no answer');
  expect(await lab.app.state()).toBe('active');
  lab.app.setApp({ startDelayMs: 700 });
  lab.configure({});
  await lab.app.stop();
  expect(lab.readNames()).toEqual(names);
  await lab.app.start();
  await lab.app.untilUp();
  await lab.keepsake(['restore', 'latest', '--yes']);
  expect(await lab.names()).toEqual(before);
});

test.each(['undo', 'resume'] as const)(
  'killed while the app stops, status says what stands, backups are refused, and --%s ends it',
  async (direction) => {
    await openWithMistake({ stopWaitMs: 1200 });
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
    for (const args of direction === 'undo' ? refused : []) {
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

test('--only database brings back rows and the pictures they name, and takes none away', async () => {
  await openWithMistake();
  const { imageUrl } = await lab.app.addItem('Came since');
  const env = join(lab.app.root, '.env');
  writeFileSync(env, 'changed since');
  await lab.keepsake(['restore', 'latest', '--only', 'database', '--yes']);
  expect(await lab.names()).toEqual(before);
  await expectPictures();
  expect(lab.uploads()).toContain(imageUrl);
  expect(readFileSync(env, 'utf8')).toBe('changed since');
});

test('--only uploads brings back the folders of pictures alone', async () => {
  await openWithMistake();
  const names = await lab.names();
  rmSync(lab.app.folders.uploads, { recursive: true });
  await lab.keepsake(['restore', 'latest', '--only', 'uploads', '--yes']);
  expect(await lab.names()).toEqual(names);
  expect(names).not.toEqual(before);
  await expectPictures();
});

test('a snapshot of the database alone is refused where all is to be restored', async () => {
  await openWithMistake();
  await lab.keepsake(['restore', 'latest', '--yes']);
  const id = await lab.backUp('--only', 'database');
  const { stderr } = await lab.keepsake(['restore', id, '--yes'], { exits: 1 });
  expect(stderr).toContain('holds only the database');
  await lab.keepsake(['restore', id, '--only', 'database', '--yes']);
  expect(await lab.names()).toEqual(before);
});

test('--live replaces the rows while the app serves and somebody writes', async () => {
  await openWithMistake();
  const stop = new AbortController();
  const asking = ask(stop.signal);
  const pid = await lab.app.pid();
  await lab.keepsake(['restore', 'latest', '--live', '--yes']);
  stop.abort();
  expect(await asking).toEqual(new Set([200]));
  expect(await lab.app.pid()).toBe(pid);
  const names = await lab.names();
  expect(names.slice(0, 20)).toEqual(before);
  expect(new Set(names.slice(20))).toEqual(new Set(names.length > 20 ? ['written meanwhile'] : []));
  await expectPictures();
});

test.skipIf(!requireRoot())(
  'a folder that is a mount point is swapped entry by entry, what is excluded in it stays',
  async () => {
    await openWithMistake();
    await lab.app.stop();
    const data = join(lab.app.root, 'data');
    using _mount = mountOver(data);
    mkdirSync(join(data, 'node_modules'));
    writeFileSync(join(data, 'node_modules', 'x'), 'stays');
    writeFileSync(join(data, 'since.txt'), 'came since');
    lab.configure({ exclude: ['node_modules'] });
    await lab.app.start();
    await lab.app.untilUp();
    await lab.keepsake(['restore', 'latest', '--yes']);
    expect(await lab.names()).toEqual(before);
    const [place = ''] = lab.places(data);
    expect(existsSync(join(data, 'since.txt'))).toBe(false);
    expect(readFileSync(join(place, 'old', data, 'since.txt'), 'utf8')).toBe('came since');
    expect(readFileSync(join(data, 'node_modules', 'x'), 'utf8')).toBe('stays');
    const { stdout } = await lab.keepsake(['ls', 'latest']);
    expect(stdout).not.toContain('.keepsake-restore');
    await lab.keepsake(['rollback', '--yes']);
    expect(readFileSync(join(data, 'since.txt'), 'utf8')).toBe('came since');
    expect(readdirSync(data)).toContain('node_modules');
    await lab.app.stop();
  },
);

test.skipIf(!requireRoot())(
  'a place that cannot be written to is told before anything is touched',
  async () => {
    await openWithMistake();
    const names = await lab.names();
    spawnSync('mount', ['--bind', lab.app.root, lab.app.root]);
    try {
      expect(spawnSync('mount', ['-o', 'remount,ro,bind', lab.app.root]).status).toBe(0);
      const { stderr } = await lab.keepsake(['restore', 'latest', '--yes'], { exits: 1 });
      expect(stderr).toContain('read-only file system');
    } finally {
      spawnSync('umount', ['-l', lab.app.root]);
    }
    expect(await lab.names()).toEqual(names);
    expect(await stops()).toEqual([]);
  },
);

test.skipIf(!requireRoot())(
  'restored files belong to the owner the config names, with the modes of the snapshot',
  async () => {
    await openWithMistake();
    const [picture = ''] = lab.uploads();
    const at = join(lab.app.folders.uploads, picture);
    chmodSync(at, 0o640);
    chownSync(at, 12_345, 12_345);
    await lab.backUp();
    rmSync(at);
    lab.configure({ owner: '0:0' });
    await lab.keepsake(['restore', 'latest', '--yes']);
    const { uid, gid, mode } = lstatSync(at);
    expect([uid, gid, mode & 0o777]).toEqual([0, 0, 0o640]);
  },
);

/** A RAM disk over the folder, with what was in it. */
function mountOver(folder: string): Disposable {
  const files = readdirSync(folder).map(
    (name) => [name, readFileSync(join(folder, name))] as const,
  );
  const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  if (status !== 0) throw new Error(`${basename(folder)} could not be mounted`);
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  return { [Symbol.dispose]: () => void spawnSync('umount', ['-l', folder]) };
}

/** What the app answers while somebody adds items. */
async function ask(signal: AbortSignal): Promise<Set<number>> {
  const statuses = new Set<number>();
  const { app } = lab;
  while (!signal.aborted) {
    statuses.add(await app.loginStatus());
    await app.addItem('written meanwhile');
    await sleep(20);
  }
  return statuses;
}

async function untilSaid(running: RunningProgram, words: string): Promise<void> {
  for await (const line of running.lines) if (line.includes(words)) return;
  throw new Error(`never said "${words}": ${running.stderr()}`);
}
