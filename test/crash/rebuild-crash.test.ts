/** A rebuild, killed at its n-th change of the disk, for each n; and the one that comes after it. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { utf8Encode } from '../../src/base/bytes.ts';
import { PLACE_NAME } from '../../src/operations/in-place/change-journal.ts';
import {
  rebuildMachine,
  type RebuildMachine,
} from '../../src/operations/rebuild/rebuild-machine.ts';
import type { RebuildResult } from '../../src/operations/rebuild/rebuild-input.ts';
import { openRebuild } from '../../src/operations/rebuild/rebuild.ts';
import { openBackupLab, type BackupLab } from '../support/backup-lab.ts';
import { compareTrees } from '../support/compare-trees.ts';
import { crashStep, DIES_AT_EACH, tellDeaths } from '../support/crash-steps.ts';
import { interceptFileLayer } from '../support/intercepted-file-layer.ts';
import { MortalFiles, type MortalPlan } from '../support/mortal-files.ts';
import { PASSWORD, selfFacts } from '../support/repository-lab.ts';

/** Every second change of the disk, and few of those by which it is made ready. */
const STEP = crashStep(2);
const EARLY_STEP = crashStep(12);
/** What dies here is quickly finished. */
const LAST_OF_READY = 12;
const STATES = ['nothing', 'an empty folder', 'an empty disk'] as const;
const FILES = 4;
const JOURNAL = 'rebuild.json';

let lab: BackupLab;
/** As the machine was. */
let was: string;
let config: string;
let configText: string;
let pid = 100;
/** What is there before: nothing, empty folders, or an empty disk mounted in one. */
let before: (typeof STATES)[number] = 'nothing';

beforeAll(async () => {
  lab = await openBackupLab({ app: { items: 4, users: 2, noteWords: 2 } });
  const { root, uploads } = lab.app;
  // SQLite's own check of a database would take most of the time; it is a file as the others are.
  rmSync(join(root, 'data'), { recursive: true });
  config = lab.join('etc/keepsake.yaml');
  configText = JSON.stringify({ 'password-file': 'password', apps: { wishlist: { root } } });
  chmodSync(uploads, 0o2770);
  const machine = {
    config: { path: config, mode: 0o640, uid: 0, gid: 0 },
    users: [],
    groups: [],
  };
  const paths = [uploads, join(root, '.env')];
  const subject = { paths, databases: [], references: [] };
  await lab.backup({ subject, origin: { configBytes: utf8Encode(configText), machine } });
  was = lab.join('was');
  renameSync(root, was);
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Whether it died as planned. */
async function dies(plan: MortalPlan): Promise<boolean> {
  using files = new MortalFiles(lab.join(), plan);
  try {
    await rebuild();
  } catch (error) {
    if (!files.reached) throw error;
  }
  return files.reached;
}

/** Each is a process of its own. */
async function rebuild(onPlace: () => void = () => {}): Promise<RebuildResult> {
  pid += 1;
  const own = pid;
  const self = { ...selfFacts, pid: own, isAlive: (other: number) => other === own };
  const workbench = { ...lab.workbench(), self };
  await using planned = await openRebuild(workbench, machineOf(), {
    repository: { location: 'lab:', password: PASSWORD },
    lock: 'none',
    lockWaitMs: 0,
    wanted: 'latest',
    filter: {},
    dryRun: false,
  });
  const events = planned.run();
  for (;;) {
    const next = await events.next();
    if (next.done === true) return next.value;
    if (next.value.kind === 'rebuild-step' && next.value.step === 'place') onPlace();
  }
}

function machineOf(): RebuildMachine {
  const stateFolder = lab.join('state');
  const real = rebuildMachine({ stateFolder, clock: systemClock, environment: {} });
  const mounted = new Set(before === 'an empty disk' ? [lab.app.uploads] : []);
  const parts = { mountPoints: () => mounted, syncFileSystem: () => Promise.resolve() };
  // A sync changes nothing that a later process of this machine could see.
  const files = interceptFileLayer(real.files, ({ name }) =>
    name === 'sync' || name === 'syncFolder' ? 'skip' : 'perform',
  );
  return { ...real, ...parts, files, isRoot: true };
}

function emptyTheMachine(): void {
  const { root, uploads } = lab.app;
  for (const path of [root, dirname(config)]) rmSync(path, { recursive: true, force: true });
  if (before === 'an empty folder') mkdirSync(uploads, { recursive: true });
  if (before === 'an empty disk') mkdirSync(join(uploads, 'lost+found'), { recursive: true });
}

function placesLeft(): string[] {
  const { root, uploads } = lab.app;
  const folders = [lab.join(), root, uploads].filter((folder) => existsSync(folder));
  const names = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return names.filter((path) => PLACE_NAME.test(basename(path)));
}

/** What is there is as it was; with its config it is all of it. */
async function expectWhole(): Promise<void> {
  if (existsSync(config)) expect(await differences()).toEqual([]);
  if (!existsSync(lab.app.root)) return;
  expect((await differences()).filter((each) => !isNotYet(each))).toEqual([]);
}

/** Each of the paths comes by itself where the folder above them is there; so does a folder's mode. */
function isNotYet(difference: string): boolean {
  return before !== 'nothing' && /^uploads: mode|: missing$/.test(difference);
}

async function differences(): Promise<string[]> {
  const skip = (path: string): boolean =>
    PLACE_NAME.test(basename(path)) || path === 'uploads/lost+found';
  const found = await compareTrees(was, lab.app.root, { skip });
  // A folder that was there before has another time now.
  return before === 'nothing' ? found : found.filter((each) => !/^(\.|uploads): mtime/.test(each));
}

async function expectRebuilt({ problems, fileCount }: RebuildResult): Promise<void> {
  expect(problems).toEqual([]);
  expect(fileCount).toBe(FILES);
  expect(await differences()).toEqual([]);
  expect(readFileSync(config, 'utf8')).toBe(configText);
  expect(readFileSync(join(dirname(config), 'password'), 'utf8')).toBe(`${PASSWORD}\n`);
  expect(placesLeft()).toEqual([]);
}

test.each(STATES)(
  'where %s is there a rebuild that dies at its n-th change leaves nothing halfway, and the next one finishes it',
  async (state) => {
    before = state;
    emptyTheMachine();
    const readyAt = await callsUntilReady();
    const first = DIES_AT_EACH ? 1 : 1 + STATES.indexOf(state);
    let deaths = 0;
    for (let n = first; ; n += n < readyAt ? EARLY_STEP : STEP) {
      emptyTheMachine();
      const isDead = await dies({ at: n });
      if (!isDead) break;
      deaths += 1;
      await expectWhole();
      if (isDone()) {
        await expect(rebuild()).rejects.toMatchObject({ code: 'REBUILD_NOT_EMPTY' });
        expect(placesLeft()).toEqual([]);
      } else await expectRebuilt(await rebuild());
    }
    tellDeaths('rebuild', deaths);
    expect(deaths).toBeGreaterThan(10);
  },
);

/** From then on each call counts. */
async function callsUntilReady(): Promise<number> {
  using files = new MortalFiles(lab.join());
  let calls = 0;
  await expectRebuilt(await rebuild(() => (calls ||= files.calls)));
  return calls - LAST_OF_READY;
}

/** It died when there was nothing left to do. */
function isDone(): boolean {
  return existsSync(config) && !placesLeft().some((place) => existsSync(join(place, JOURNAL)));
}
