/**
 * `restore --target`, `dump --target` and `verify`, killed at every n-th change of the disk that the
 * main thread makes; files that a worker writes are killed in `restore-processes.test.ts`.
 */
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MemBackend } from '../../src/backend/mem-backend.ts';
import { createMemBackend } from '../../src/backend/mem-backend.ts';
import { systemRandom } from '../../src/base/clock.ts';
import { writeDump } from '../../src/cli/dump-target.ts';
import { openDump } from '../../src/operations/dump.ts';
import type { RestoreResult } from '../../src/operations/restore-input.ts';
import { restore } from '../../src/operations/restore.ts';
import { verify } from '../../src/operations/verify.ts';
import { openBackupLab, readSnapshotFiles, type BackupLab } from '../support/backup-lab.ts';
import { compareTrees } from '../support/compare-trees.ts';
import { DIES_AT_EACH, tellDeaths } from '../support/crash-steps.ts';
import { printFolder } from '../support/folder-print.ts';
import { MortalFiles, type MortalPlan } from '../support/mortal-files.ts';
import { PASSWORD, selfFacts } from '../support/repository-lab.ts';

const MOMENTS = ['before', 'half', 'after', 'full'] as const;
const TEMPORARY = /^\.keepsake-(restore|dump)-[0-9a-f-]+\.tmp$/;

/** How a full disk is told. */
const TOLD = expect.stringMatching(
  /^(RESTORE_DISK_FULL|RESTORE_TARGET_UNUSABLE|CLI_FILE_UNWRITABLE|SCRATCH_UNUSABLE)$/,
) as string;

const firstRun = { ...selfFacts, pid: 100 };
/** Sees that the first one is dead. */
const nextRun = { ...selfFacts, pid: 101, isAlive: (pid: number) => pid === 101 };

const reading = {
  repository: { location: 'lab:', password: PASSWORD },
  lock: 'none',
  lockWaitMs: 0,
  filter: {},
} as const;

let store: MemBackend;
let lab: BackupLab;
let older: string;
let newer: string;

beforeAll(async () => {
  store = createMemBackend();
  lab = await openBackupLab({ app: { items: 10, users: 3, noteWords: 4 }, backend: store });
  const { root, uploads } = lab.app;
  mkdirSync(join(root, 'more/below'), { recursive: true });
  linkSync(join(root, '.env'), join(root, 'more/same'));
  symlinkSync('same', join(root, 'more/link'));
  for (const name of ['a', 'b', 'more/below/c']) writeFileSync(join(root, name), `old ${name}`);
  const subject = { paths: [root] };
  older = (await lab.backup({ subject })).snapshotId ?? '';
  // Several pieces, and a hole.
  writeFileSync(join(uploads, 'large'), systemRandom(3_000_000).fill(0, 500_000, 900_000));
  for (const name of ['a', 'more/below/c']) writeFileSync(join(root, name), `new ${name}, longer`);
  newer = (await lab.backup({ subject })).snapshotId ?? '';
});
afterAll(() => lab[Symbol.asyncDispose]());

function runRestore(target: string, wanted: string): Promise<RestoreResult> {
  const chosen = { include: [], exclude: [], dryRun: false, verify: true, sparse: true } as const;
  const input = { ...reading, ...chosen, overwrite: 'always', wanted, target } as const;
  return lastOf(restore(lab.workbench(), input));
}

async function lastOf<T>(events: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const next = await events.next();
    if (next.done === true) return next.value;
  }
}

type Contents = ReadonlyMap<string, Buffer>;

async function contentsOf(snapshotId: string): Promise<Contents> {
  const repository = await lab.open();
  const { tree } = await repository.loadSnapshot(snapshotId);
  const files = await readSnapshotFiles(repository, { tree, folder: lab.app.root });
  return new Map([...files].map(([path, { bytes }]) => [path, Buffer.from(bytes)]));
}

/** Every file below `folder` by its path, those with a temporary name apart. */
function filesBelow(folder: string): { final: Map<string, Buffer>; temporary: string[] } {
  const final = new Map<string, Buffer>();
  const temporary: string[] = [];
  for (const entry of listBelow(folder)) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (TEMPORARY.test(entry.name)) temporary.push(path);
    else final.set(path.slice(folder.length + 1), readFileSync(path));
  }
  return { final, temporary };
}

function listBelow(folder: string) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return []; // died before it was made
  }
}

function sameContents(found: Contents, shall: Contents): boolean {
  const isSame = ([path, bytes]: [string, Buffer]) => found.get(path)?.equals(bytes) === true;
  return found.size === shall.size && [...shall].every(isSame);
}

/** Each file is as it was or as it shall be, and none that was there is gone. */
function expectOldOrNew(folder: string, { old, shall }: { old: Contents; shall: Contents }): void {
  const { final } = filesBelow(folder);
  for (const [path, bytes] of final) {
    const either = [old.get(path), shall.get(path)];
    expect(
      either.some((expected) => expected?.equals(bytes)),
      path,
    ).toBe(true);
  }
  for (const path of old.keys()) expect([...final.keys()]).toContain(path);
}

/** Where work that makes `total` changes is cut off: `count` times, or at each of them. */
function plansFor(total: number, count: number) {
  const number = DIES_AT_EACH ? total : count;
  const apart = (total - 1) / (number - 1);
  return Array.from({ length: number }, (_, n) => ({
    at: 1 + Math.round(n * apart),
    moment: MOMENTS[n % MOMENTS.length] ?? 'before',
  }));
}

/** As `plansFor`; at each of them in every way. */
function everyPlanFor(total: number, count: number) {
  const plans = plansFor(total, count);
  return DIES_AT_EACH
    ? MOMENTS.flatMap((moment) => plans.map(({ at }) => ({ at, moment })))
    : plans;
}

async function countChanges(folder: string, work: () => Promise<unknown>): Promise<number> {
  using files = new MortalFiles(folder);
  await work();
  return files.calls;
}

/** Carries `work` out with the disk below `folder` as planned, whatever becomes of it. */
async function mortally(folder: string, plan: MortalPlan, work: () => Promise<unknown>) {
  using files = new MortalFiles(folder, plan);
  const outcome = await work().catch((error: unknown) => error);
  return { reached: files.reached, outcome };
}

/** With a full disk, and time to clean up: all is told or done, and nothing half stays. */
function expectToldOrDone(outcome: unknown, isDone: () => boolean): void {
  if (outcome instanceof Error) expect(outcome).toMatchObject({ code: TOLD });
  else expect(isDone()).toBe(true);
}

test.each([
  ['an empty folder', ''],
  ['an older state', 'older'],
])(
  'a restore over %s, cut off at any change of the disk, leaves each file old or new, and the next one completes it',
  async (_, over) => {
    const old: Contents = over === '' ? new Map() : await contentsOf(older);
    const shall = await contentsOf(newer);
    const before = lab.join('restored-older');
    if (over !== '') await runRestore(before, older);
    const prepare = (name: string) => {
      const target = lab.join(`restored-${over}-${name}`);
      if (over !== '') execFileSync('cp', ['-a', before, target]);
      return { target, below: join(target, lab.app.root.slice(1)) };
    };
    const first = prepare('whole');
    const total = await countChanges(first.target, () => runRestore(first.target, newer));
    const plans = everyPlanFor(total, 12);
    tellDeaths('restore --target', plans.length);
    for (const plan of plans) {
      const { target, below } = prepare(`${plan.at}-${plan.moment}`);
      const { reached, outcome } = await mortally(target, plan, () => runRestore(target, newer));
      expect(reached).toBe(true);
      expectOldOrNew(below, { old, shall });
      if (plan.moment === 'full') {
        expect(filesBelow(target).temporary).toEqual([]);
        expectToldOrDone(outcome, () => sameContents(filesBelow(below).final, shall));
      }
      expect(await runRestore(target, newer)).toMatchObject({ outcome: 'ok', verified: true });
      expect(filesBelow(below).temporary).toEqual([]);
      expect(sameContents(filesBelow(below).final, shall)).toBe(true);
      const skip = (path: string) => path.startsWith('data');
      expect(await compareTrees(lab.app.root, below, { skip })).toEqual([]);
    }
  },
);

test('a dump, cut off at any change of the disk, leaves the file old or new, and the next one nothing beside it', async () => {
  const folder = lab.join('dumped');
  mkdirSync(folder);
  const target = join(folder, 'app.tar');
  const dump = async () => {
    await using source = await openDump(lab.workbench(), { ...reading, wanted: newer, path: '/' });
    await writeDump(target, source.bytes, lab.workbench());
  };
  const total = await countChanges(folder, dump);
  const whole = readFileSync(target);
  const old = Buffer.from('what was there');
  const states = { old: new Map([['app.tar', old]]), shall: new Map([['app.tar', whole]]) };
  const plans = everyPlanFor(total, 12);
  tellDeaths('dump', plans.length);
  for (const plan of plans) {
    writeFileSync(target, old);
    lab.self = firstRun;
    const { reached, outcome } = await mortally(folder, plan, dump);
    expect(reached).toBe(true);
    expectOldOrNew(folder, states);
    if (plan.moment === 'full') {
      expect(filesBelow(folder).temporary).toEqual([]);
      expectToldOrDone(outcome, () => readFileSync(target).equals(whole));
    }
    lab.self = nextRun;
    await dump();
    expect(filesBelow(folder).temporary).toEqual([]);
    expect(readFileSync(target).equals(whole)).toBe(true);
  }
});

test('a verify, cut off at any change of the disk, leaves nothing after the next one, and touches nothing else', async () => {
  const { root, uploads } = lab.app;
  const untouched = async () => [
    store.files(),
    await printFolder(root),
    await printFolder(uploads),
    await printFolder(join(root, 'data')),
  ];
  const before = await untouched();
  const runVerify = () => lastOf(verify(lab.workbench(), { ...reading, wanted: newer }));
  const total = await countChanges(lab.scratch, runVerify);
  const plans = plansFor(total, 5);
  tellDeaths('verify', plans.length);
  for (const plan of plans) {
    lab.self = firstRun;
    const { reached, outcome } = await mortally(lab.scratch, plan, runVerify);
    expect(reached).toBe(true);
    if (plan.moment === 'full') {
      expect(listBelow(lab.scratch)).toEqual([]);
      expectToldOrDone(outcome, () => true);
    }
    lab.self = nextRun;
    expect(await runVerify()).toMatchObject({ success: true });
    expect(listBelow(lab.scratch)).toEqual([]);
    expect(await untouched()).toEqual(before);
  }
});
