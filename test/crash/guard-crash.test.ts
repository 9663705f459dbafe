/** A guard that dies at any of its calls: the old state or the new one, never a mix, nothing lost. */
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { keptFiles, lostFiles, type AppTree } from '../support/app-tree.ts';
import { crashStep, tellDeaths } from '../support/crash-steps.ts';
import { forEachDeath } from '../support/each-death.ts';
import { openGuardLab, type GuardLab } from '../support/guard-lab.ts';
import { Killed, Life } from '../support/life.ts';
import type { FileLayerCall } from '../support/intercepted-file-layer.ts';
import { MortalFiles } from '../support/mortal-files.ts';
import { ILL } from '../support/service-model.ts';

/** Of the calls before the stop, and of those that copy, every so manieth is a death. */
const STEP = 8;
const COPY_STEP = crashStep(37);
/** Of those that make the copies exact when the app has stopped. */
const STOPPED_STEP = crashStep(7);

/** SQLite is asked by the other tests. */
const quick = { judgeDatabase: () => Promise.resolve({ facts: undefined, differences: [] }) };

interface Lab {
  readonly lab: GuardLab;
  readonly before: AppTree;
  readonly after: AppTree;
  readonly reset: () => void;
}

async function openLab(): Promise<Lab> {
  const lab = await openGuardLab();
  const before = lab.tree();
  const reset = lab.freeze();
  await lab.guard();
  const after = lab.tree();
  reset();
  return { lab, before, after, reset };
}

function expectState({ lab }: Lab, tree: AppTree): void {
  expect(lab.tree()).toEqual(tree);
  expect(lab.service).toMatchObject({ isRunning: true, isHeld: false });
}

/** After a death: undone always; finished only where its commands were. */
async function expectBothWays(parts: Lab): Promise<void> {
  const { lab, before, after } = parts;
  const [found] = await lab.unfinished();
  if (found === undefined) {
    const isBefore = JSON.stringify(lab.tree()) === JSON.stringify(before);
    expectState(parts, isBefore ? before : after);
    expect(lostFiles(lab.root, before)).toEqual([]);
    return;
  }
  const isFinished = found.finished === true && found.direction === 'forward';
  const back = isFinished ? lab.freeze() : undefined;
  if (!isFinished) {
    const stood = lab.tree();
    await expect(lab.end('resume')).rejects.toMatchObject({ code: 'GUARD_CUT_OFF' });
    expect(lab.tree()).toEqual(stood);
  }
  await lab.end('undo', { unreachable: true });
  expectState(parts, before);
  expect(await lab.unfinished()).toEqual([]);
  if (back === undefined) return;
  back();
  await lab.end('resume', { unreachable: true, machine: quick });
  expectState(parts, after);
  expect(lostFiles(lab.root, before)).toEqual([]);
}

// Each takes every other call, so that neither is a long one.
test.each([
  ['guard', 1],
  ['update', 2],
] as const)(
  'code, dependencies and data that commands change are the old ones or the new ones, wherever that dies (%s)',
  async (kind, first) => {
    const parts = await openLab();
    await using lab = parts.lab;
    const run = (life: Life) => lab.guard({ life, kind, machine: quick });
    const judge = () => expectBothWays(parts);
    const step = () => (lab.service.calls.length === 0 ? STEP : 2);
    const deaths = await forEachDeath(lab, run, { what: kind, judge, first, step });
    expect(deaths).toBeGreaterThan(25);
  },
);

test('a guard that stores the old state in the repository first ends with all of the old or the new, too, wherever it dies', async () => {
  const parts = await openLab();
  await using lab = parts.lab;
  const run = (life: Life) => lab.guard({ life, machine: quick, unreachable: false });
  const deaths = await forEachDeath(lab, run, {
    what: 'guard, with its restore point',
    judge: () => expectBothWays(parts),
    step: () => 30,
  });
  expect(deaths).toBeGreaterThan(2);
});

test('after commands that failed the old state comes back, wherever that way is cut off', async () => {
  const parts = await openLab();
  await using lab = parts.lab;
  const life = new Life();
  const pieces = [...lab.update(), () => life.end()];
  await expect(lab.guard({ life, pieces })).rejects.toThrow();
  expect(await lab.unfinished()).toMatchObject([{ began: true }]);
  const undo = (undoing: Life) => lab.end('undo', { life: undoing });
  const deaths = await forEachDeath(lab, undo, {
    what: 'undo of a guard',
    step: () => (lab.service.calls.length === 0 ? STEP : 1),
    async judge() {
      if ((await lab.unfinished()).length > 0) await lab.end('undo');
      expectState(parts, parts.before);
      // What the commands made is kept, too.
      expect(keptFiles(lab.root)).toEqual(
        expect.arrayContaining(['new version', 'new dependency']),
      );
    },
  });
  expect(deaths).toBeGreaterThan(20);
});

test.each(['before', 'full'] as const)(
  'a guard that dies, or finds the disk full, while it copies touches nothing (%s)',
  async (moment) => {
    const parts = await openLab();
    await using lab = parts.lab;
    let deaths = 0;
    for (let at = 2; ; at += lab.service.calls.includes('stop') ? STOPPED_STEP : COPY_STEP) {
      parts.reset();
      lab.service.calls.length = 0;
      const ran: string[] = [];
      let isReached: boolean;
      {
        using files = new MortalFiles(lab.root, { at, moment });
        await lab.guard({ pieces: [() => void ran.push('ran')] }).catch(() => {}); // as it must
        isReached = files.calls >= at;
      }
      if (!isReached || ran.length > 0) break;
      deaths += 1;
      if ((await lab.unfinished()).length > 0) await lab.end('undo');
      expectState(parts, parts.before);
    }
    tellDeaths(`guard, copying (${moment})`, deaths);
    expect(deaths).toBeGreaterThan(6);
  },
);

test('a guard that dies when it has stopped the app and not yet copied its database puts no copies back', async () => {
  const parts = await openLab();
  await using lab = parts.lab;
  const life = new Life();
  lab.service.calls.length = 0;
  let isInJournal = false;
  const intercept = ({ name }: FileLayerCall): void => {
    if (!lab.service.calls.includes('hold')) return;
    if (name === 'rename') isInJournal = true;
    if (name !== 'syncFolder' || !isInJournal) return;
    life.end();
    throw new Killed();
  };
  await expect(lab.guard({ life, intercept })).rejects.toThrow();
  expect(await lab.unfinished()).toMatchObject([{ step: 'apply' }]);
  await lab.end('undo');
  expectState(parts, parts.before);
});

test('an app that is ill afterwards, or has no sound database, has its old state again, and so it has after a rollback', async () => {
  const parts = await openLab();
  await using lab = parts.lab;
  const empty = () => truncateSync(lab.backup.app.database, 0);
  const spoilt = lab.guard({ pieces: [...lab.update(), empty] });
  await expect(spoilt).rejects.toMatchObject({ code: 'GUARD_FAILED' });
  expectState(parts, parts.before);
  parts.reset();
  const failed = lab.guard({ health: () => Promise.resolve(ILL) });
  await expect(failed).rejects.toMatchObject({ code: 'GUARD_FAILED' });
  expectState(parts, parts.before);
  parts.reset();
  await lab.guard();
  await lab.rollBack({ unreachable: true });
  expectState(parts, parts.before);
  await lab.rollBack({ unreachable: true });
  expectState(parts, parts.after);
});

test('a link that commands point to another release leads to the old one again, and after a rollback, too', async () => {
  const lab = await openGuardLab();
  await using _lab = lab;
  mkdirSync(lab.in('releases', '1'), { recursive: true });
  writeFileSync(lab.in('releases', '1', 'app.js'), 'old release');
  symlinkSync('releases/1', lab.in('current'));
  const plain = lab.app();
  const app = lab.app({ paths: [...plain.paths, lab.in('current')] });
  const release = () => {
    writeFileSync(lab.in('releases', '1', 'app.js'), 'spoilt');
    mkdirSync(lab.in('releases', '2'), { recursive: true });
    writeFileSync(lab.in('releases', '2', 'app.js'), 'new release');
    rmSync(lab.in('current'));
    symlinkSync('releases/2', lab.in('current'));
  };
  const running = () => readFileSync(lab.in('current', 'app.js'), 'utf8');
  await expect(lab.guard({ app, pieces: [release], exitCode: 1 })).rejects.toThrow();
  expect(running()).toBe('old release');
  await lab.guard({ app, pieces: [release] });
  expect(running()).toBe('new release');
  await lab.rollBack({ unreachable: true });
  expect(running()).toBe('old release');
  await lab.rollBack({ unreachable: true });
  expect(running()).toBe('new release');
});
