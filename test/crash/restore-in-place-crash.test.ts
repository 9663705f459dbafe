/** A restore in place that dies at any of its calls: finished or undone, never a mix, nothing lost. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { PLACE_NAME } from '../../src/operations/in-place/change-journal.ts';
import type { FileLayerCall } from '../support/intercepted-file-layer.ts';
import { MortalFiles } from '../support/mortal-files.ts';
import {
  keptFiles,
  Life,
  openInPlaceLab,
  type AppTree,
  type InPlaceLab,
  type LabRun,
} from '../support/in-place-lab.ts';

/** Of the calls before the stop every so manieth is a death. */
const STEP = Number(process.env['KEEPSAKE_SOAK_CRASH_STEP'] ?? 12);

interface Lab {
  readonly lab: InPlaceLab;
  readonly snapshot: string;
  readonly before: AppTree;
  readonly after: AppTree;
  /** Back to before the restore. */
  readonly reset: () => void;
}

/** What a restore makes of it, and how to begin again. */
async function openLab(): Promise<Lab> {
  const { lab, snapshot } = await openInPlaceLab();
  const before = lab.tree();
  const reset = lab.freeze();
  await lab.restore(snapshot, { unreachable: true });
  const after = lab.tree();
  expect(Object.keys(after)).not.toEqual(Object.keys(before));
  reset();
  return { lab, snapshot, before, after, reset };
}

function expectAsBefore({ lab, before }: Lab): void {
  expect(lab.tree()).toEqual(before);
  expect(lab.service).toMatchObject({ isRunning: true, isHeld: false });
}

function expectRestored({ lab, before, after }: Lab): void {
  expect(lab.tree()).toEqual(after);
  expect(lab.service).toMatchObject({ isRunning: true, isHeld: false });
  // Nothing of the old state is gone from the disk.
  const kept = new Set([...Object.values(lab.tree()), ...keptFiles(lab.root)]);
  for (const content of Object.values(before)) expect(kept.has(content)).toBe(true);
}

async function hasUnfinished({ lab }: Lab): Promise<boolean> {
  const { findKnown } = await import('../../src/operations/in-place/known-changes.ts');
  return (await findKnown(lab.machine(), lab.app().paths)).unfinished.length > 0;
}

/** After a death: both ways to end it, each from the same disk. */
async function expectBothWays(parts: Lab): Promise<void> {
  const { lab } = parts;
  const back = lab.freeze();
  const isWhole = [parts.before, parts.after].some((each) => isDeepStrictEqual(each, lab.tree()));
  if (!isWhole) expect(lab.service.startsWithMachine).toBe(false);
  if (!(await hasUnfinished(parts))) {
    // Died before there was a journal, or when all was done but the tidying.
    const isBefore = JSON.stringify(lab.tree()) === JSON.stringify(parts.before);
    (isBefore ? expectAsBefore : expectRestored)(parts);
    return;
  }
  await lab.end('undo', { unreachable: true });
  expectAsBefore(parts);
  expect(lab.service.startsWithMachine).toBe(true);
  expect(await hasUnfinished(parts)).toBe(false);
  back();
  await lab.end('resume', { unreachable: true });
  expectRestored(parts);
  expect(await hasUnfinished(parts)).toBe(false);
}

/** Stopped dead just before the service is to be stopped: what follows is tried from there. */
async function openReady(): Promise<Lab> {
  const parts = await openLab();
  await dieAtStop(parts.lab, (run) =>
    parts.lab.restore(parts.snapshot, { ...run, unreachable: true }),
  );
  return parts;
}

async function dieAtStop(lab: InPlaceLab, begin: (run: LabRun) => Promise<unknown>): Promise<void> {
  const life = new Life();
  const control = lab.service.control(life);
  const stop = (): Promise<void> => {
    life.end();
    return Promise.reject(new Error('killed'));
  };
  const machine = { openService: () => ({ ...control, stop }) };
  await expect(begin({ life, machine })).rejects.toThrow();
}

/** Runs until it dies at its n-th call, for n = 1, 2, 3 …, each time from the same disk. */
async function forEachDeath(
  { lab }: Lab,
  run: (life: Life) => Promise<unknown>,
  judge: () => Promise<void>,
  step = 1,
): Promise<number> {
  const reset = lab.freeze();
  let deaths = 0;
  for (const carriedOut of [false, true]) {
    for (let n = 1; ; n += step) {
      reset();
      const life = new Life(n, { carriedOut });
      await run(life).catch(() => {}); // dead, or back in its old state
      if (!life.isOver) break;
      deaths += 1;
      await judge();
    }
  }
  expect(lab.violations).toEqual([]);
  return deaths;
}

test('a restore that dies at its n-th call, for each n from the stop on, is finished or undone as a whole', async () => {
  const parts = await openReady();
  await using lab = parts.lab;
  const resume = (life: Life) => lab.end('resume', { life, unreachable: true });
  const deaths = await forEachDeath(parts, resume, () => expectBothWays(parts));
  expect(deaths).toBeGreaterThan(40);
});

test('an app that is ill on the restored state gets its old one back, wherever that way is cut off', async () => {
  const parts = await openReady();
  await using lab = parts.lab;
  const ill = () =>
    Promise.resolve({ kind: 'unhealthy', reason: 'status 500', means: 'ill', tries: 1 } as const);
  const run = (life: Life) => lab.end('resume', { life, health: ill, unreachable: true });
  const deaths = await forEachDeath(parts, run, async () => {
    if (await hasUnfinished(parts)) await lab.end('undo', { unreachable: true });
    expectAsBefore(parts);
  });
  expect(deaths).toBeGreaterThan(60);
});

test('a rollback that dies at its n-th call, for each n, ends with the restored state or the one before', async () => {
  const { lab, snapshot, before, after, reset } = await openLab();
  await using _lab = lab;
  await lab.restore(snapshot, { unreachable: true });
  // Of a rollback the restored state is what was before, and the old one what it brings.
  const parts: Lab = { lab, snapshot, before: after, after: before, reset };
  const rollBack = (life: Life) => lab.rollBack({ life, unreachable: true });
  const deaths = await forEachDeath(parts, rollBack, () => expectBothWays(parts));
  expect(deaths).toBeGreaterThan(50);
  // And the other way round.
  reset();
  await lab.restore(snapshot, { unreachable: true });
  await lab.rollBack({ unreachable: true });
  const again = { ...parts, before, after };
  const more = await forEachDeath(again, rollBack, () => expectBothWays(again), 3);
  expect(more).toBeGreaterThan(15);
});

test('a rollback from the restore point that dies at its n-th call is finished or undone, too', async () => {
  const { lab, snapshot, after } = await openLab();
  await using _lab = lab;
  await lab.restore(snapshot);
  expect(await lab.dropKeptFiles()).toHaveLength(1);
  const reset = lab.freeze();
  await lab.rollBack({ unreachable: true });
  const parts: Lab = { lab, snapshot, before: after, after: lab.tree(), reset };
  expect(Object.keys(parts.after)).toContain('uploads/since.webp');
  reset();
  await dieAtStop(lab, (run) => lab.rollBack({ ...run, unreachable: true }));
  const resume = (life: Life) => lab.end('resume', { life, unreachable: true });
  const deaths = await forEachDeath(parts, resume, () => expectBothWays(parts), 7);
  expect(deaths).toBeGreaterThan(5);
});

test('a backup that ends while a rollback waits to be finished removes none of the files it needs', async () => {
  const { lab, snapshot, before } = await openLab();
  await using _lab = lab;
  await lab.restore(snapshot);
  await dieAtStop(lab, (run) => lab.rollBack(run));
  expect(await lab.dropKeptFiles()).toEqual([]);
  await lab.end('resume');
  expect(lab.tree()).toEqual(before);
});

test('a rollback whose old files were removed meanwhile moves nothing', async () => {
  const { lab, snapshot, after } = await openLab();
  await using _lab = lab;
  await lab.restore(snapshot, { unreachable: true });
  const gone = (call: FileLayerCall): void => {
    if (!call.path.includes('/old/')) return;
    for (const name of readdirSync(lab.root).filter((each) => PLACE_NAME.test(each))) {
      rmSync(join(lab.root, name, 'old'), { recursive: true, force: true });
    }
  };
  const refusal = { code: 'CHANGE_NONE' };
  const run = { unreachable: true, intercept: gone };
  await expect(lab.rollBack(run)).rejects.toMatchObject(refusal);
  expect(lab.tree()).toEqual(after);
  expect(lab.service.calls.filter((call) => call === 'stop')).toHaveLength(2);
});

test.each(['before', 'full'] as const)(
  'a restore that dies, or finds the disk full, while it makes the new state ready touches nothing (%s)',
  async (moment) => {
    const parts = await openLab();
    await using lab = parts.lab;
    let deaths = 0;
    for (let at = 2; ; at += STEP) {
      parts.reset();
      lab.service.calls.length = 0;
      let isReached: boolean;
      {
        using files = new MortalFiles(lab.root, { at, moment });
        await lab.restore(parts.snapshot, { unreachable: true }).catch(() => {}); // as it must
        isReached = files.calls >= at;
      }
      if (!isReached || lab.service.calls.length > 0) break;
      deaths += 1;
      expectAsBefore(parts);
      if (await hasUnfinished(parts)) await expectBothWays(parts);
    }
    expect(deaths).toBeGreaterThan(2);
  },
);
