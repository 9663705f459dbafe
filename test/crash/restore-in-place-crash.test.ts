/** A restore in place that dies at any of its calls: finished or undone, never a mix, nothing lost. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { PLACE_NAME } from '../../src/operations/in-place/change-journal.ts';
import { lostFiles } from '../support/app-tree.ts';
import { crashStep, tellDeaths } from '../support/crash-steps.ts';
import { forEachDeath } from '../support/each-death.ts';
import type { FileLayerCall } from '../support/intercepted-file-layer.ts';
import type { Life } from '../support/life.ts';
import { MortalFiles } from '../support/mortal-files.ts';
import {
  dieAtStop,
  openReadyLab,
  openRestoredLab,
  type RestoredLab,
} from '../support/restored-lab.ts';
import { ILL } from '../support/service-model.ts';

/** Of the calls before the stop every so manieth is a death. */
const STEP = crashStep(12);

function expectAsBefore({ lab, before }: RestoredLab): void {
  expect(lab.tree()).toEqual(before);
  expect(lab.service).toMatchObject({ isRunning: true, isHeld: false });
}

function expectRestored({ lab, before, after }: RestoredLab): void {
  expect(lab.tree()).toEqual(after);
  expect(lab.service).toMatchObject({ isRunning: true, isHeld: false });
  // Nothing of the old state is gone from the disk.
  expect(lostFiles(lab.root, before)).toEqual([]);
}

/** After a death: both ways to end it, each from the same disk. */
async function expectBothWays(parts: RestoredLab): Promise<void> {
  const { lab } = parts;
  const back = lab.freeze();
  const isWhole = [parts.before, parts.after].some((each) => isDeepStrictEqual(each, lab.tree()));
  if (!isWhole) expect(lab.service.startsWithMachine).toBe(false);
  if ((await lab.unfinished()).length === 0) {
    // Died before there was a journal, or when all was done but the tidying.
    const isBefore = JSON.stringify(lab.tree()) === JSON.stringify(parts.before);
    (isBefore ? expectAsBefore : expectRestored)(parts);
    return;
  }
  await lab.end('undo', { unreachable: true });
  expectAsBefore(parts);
  expect(lab.service.startsWithMachine).toBe(true);
  expect(await lab.unfinished()).toEqual([]);
  back();
  await lab.end('resume', { unreachable: true });
  expectRestored(parts);
  expect(await lab.unfinished()).toEqual([]);
}

test('a restore that dies at its n-th call, for each n from the stop on, is finished or undone as a whole', async () => {
  const parts = await openReadyLab();
  await using lab = parts.lab;
  const resume = (life: Life) => lab.end('resume', { life, unreachable: true });
  const deaths = await forEachDeath(lab, resume, {
    what: 'restore in place',
    judge: () => expectBothWays(parts),
  });
  expect(deaths).toBeGreaterThan(40);
});

test('an app that is ill on the restored state gets its old one back, wherever that way is cut off', async () => {
  const parts = await openReadyLab();
  await using lab = parts.lab;
  const ill = () => Promise.resolve(ILL);
  const run = (life: Life) => lab.end('resume', { life, health: ill, unreachable: true });
  const deaths = await forEachDeath(lab, run, {
    what: 'restore in place, of an ill app',
    async judge() {
      if ((await lab.unfinished()).length > 0) await lab.end('undo', { unreachable: true });
      expectAsBefore(parts);
    },
  });
  expect(deaths).toBeGreaterThan(60);
});

test('a restore that stores the old state first and dies at any of its calls is finished or undone, too', async () => {
  const parts = await openRestoredLab();
  await using lab = parts.lab;
  const restore = (life: Life) => lab.restore(parts.snapshot, { life });
  const deaths = await forEachDeath(lab, restore, {
    what: 'restore in place, with its restore point',
    judge: () => expectBothWays(parts),
    step: () => 30,
  });
  expect(deaths).toBeGreaterThan(3);
});

test.each(['database', 'uploads'] as const)(
  'a restore of the %s alone that dies at any of its calls is finished or undone, too',
  async (part) => {
    const parts = await openRestoredLab({ part });
    await using lab = parts.lab;
    const run = (life: Life) => lab.restore(parts.snapshot, { life, part, unreachable: true });
    const deaths = await forEachDeath(lab, run, {
      what: `restore in place, --only ${part}`,
      judge: () => expectBothWays(parts),
      step: () => 50,
    });
    expect(deaths).toBeGreaterThan(1);
  },
);

test('a rollback that dies at its n-th call, for each n, ends with the restored state or the one before', async () => {
  const { lab, snapshot, before, after, reset } = await openRestoredLab();
  await using _lab = lab;
  await lab.restore(snapshot, { unreachable: true });
  // Of a rollback the restored state is what was before, and the old one what it brings.
  const parts: RestoredLab = { lab, snapshot, before: after, after: before, reset };
  const rollBack = (life: Life) => lab.rollBack({ life, unreachable: true });
  const deaths = await forEachDeath(lab, rollBack, {
    what: 'rollback',
    judge: () => expectBothWays(parts),
  });
  expect(deaths).toBeGreaterThan(50);
  // And the other way round.
  reset();
  await lab.restore(snapshot, { unreachable: true });
  await lab.rollBack({ unreachable: true });
  const again = { ...parts, before, after };
  const more = await forEachDeath(lab, rollBack, {
    what: 'rollback of a rollback',
    judge: () => expectBothWays(again),
    step: () => 3,
  });
  expect(more).toBeGreaterThan(15);
});

test('a rollback from the restore point that dies at its n-th call is finished or undone, too', async () => {
  const { lab, snapshot, after } = await openRestoredLab();
  await using _lab = lab;
  await lab.restore(snapshot);
  expect(await lab.dropKeptFiles()).toHaveLength(1);
  const reset = lab.freeze();
  await lab.rollBack({ unreachable: true });
  const parts: RestoredLab = { lab, snapshot, before: after, after: lab.tree(), reset };
  expect(Object.keys(parts.after)).toContain('uploads/since.webp');
  reset();
  await dieAtStop(lab, (run) => lab.rollBack({ ...run, unreachable: true }));
  const resume = (life: Life) => lab.end('resume', { life, unreachable: true });
  const deaths = await forEachDeath(lab, resume, {
    what: 'rollback from the restore point',
    judge: () => expectBothWays(parts),
    step: () => 7,
  });
  expect(deaths).toBeGreaterThan(5);
});

test('a backup that ends while a rollback waits to be finished removes none of the files it needs', async () => {
  const { lab, snapshot, before } = await openRestoredLab();
  await using _lab = lab;
  await lab.restore(snapshot);
  await dieAtStop(lab, (run) => lab.rollBack(run));
  expect(await lab.dropKeptFiles()).toEqual([]);
  await lab.end('resume');
  expect(lab.tree()).toEqual(before);
});

test('a rollback whose old files were removed meanwhile moves nothing', async () => {
  const { lab, snapshot, after } = await openRestoredLab();
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
    const parts = await openRestoredLab();
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
      if ((await lab.unfinished()).length > 0) await expectBothWays(parts);
    }
    tellDeaths(`restore in place, making ready (${moment})`, deaths);
    expect(deaths).toBeGreaterThan(2);
  },
);
