import { copyFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openLab, type CaptureLab } from '../../test/support/capture-lab.ts';
import { buildWal, frameAt, type WalPlan } from '../../test/support/wal-builder.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { isDatabaseState, isStillIn, provableState, type DatabaseState } from './database-state.ts';
import { readState, type FileState } from './source-survey.ts';

const PLAN: WalPlan = {
  pageSize: 1024,
  bigEndian: false,
  frames: [{ page: 1 }, { page: 2, commit: 2 }, { page: 1, commit: 2 }],
};
const TWO_FRAMES = buildWal(PLAN).subarray(0, frameAt(PLAN, 2));

async function mainState(lab: CaptureLab): Promise<FileState> {
  const state = await readState(lab.path());
  if (state === undefined) throw new Error('no main file');
  return state;
}

/** Two files that look like a database and its log, and the state after the log's first commit. */
async function openStill(): Promise<{ lab: CaptureLab; saved: DatabaseState }> {
  const lab = await openLab();
  writeFileSync(lab.path(), 'main');
  writeFileSync(lab.path('app.db-wal'), TWO_FRAMES);
  const wal = await readState(lab.path('app.db-wal'));
  const at = frameAt(PLAN, 1) + 16;
  const checksum = { first: TWO_FRAMES.readUInt32BE(at), second: TWO_FRAMES.readUInt32BE(at + 4) };
  const log = { inode: wal?.stamp.inode ?? '', sequence: 5, salt1: 1001, salt2: 77 };
  const saved = { main: (await mainState(lab)).stamp, wal: { ...log, frames: 2, checksum } };
  return { lab, saved };
}

const changes: [what: string, isStill: boolean, change: (lab: CaptureLab) => void][] = [
  ['nothing', true, () => {}],
  ['the time of the main file', false, (lab) => utimesSync(lab.path(), 1, 1)],
  ['the size of the main file', false, (lab) => writeFileSync(lab.path(), 'main, longer')],
  ['a commit in the log', false, (lab) => writeFileSync(lab.path('app.db-wal'), buildWal(PLAN))],
  [
    'a frame without a commit',
    true,
    (lab) => {
      const wal = buildWal({ ...PLAN, frames: [...PLAN.frames.slice(0, 2), { page: 1 }] });
      writeFileSync(lab.path('app.db-wal'), wal);
    },
  ],
  [
    'a log that is shorter',
    false,
    (lab) => writeFileSync(lab.path('app.db-wal'), TWO_FRAMES.subarray(0, frameAt(PLAN, 1))),
  ],
  ['an empty log', false, (lab) => writeFileSync(lab.path('app.db-wal'), '')],
  [
    'other content in the frames',
    false,
    (lab) => {
      const frames = [{ page: 2 }, { page: 1, commit: 2 }];
      writeFileSync(lab.path('app.db-wal'), buildWal({ ...PLAN, frames }));
    },
  ],
  [
    'another file as the log',
    false,
    (lab) => {
      copyFileSync(lab.path('app.db-wal'), lab.outside('copy'));
      renameSync(lab.outside('copy'), lab.path('app.db-wal'));
    },
  ],
  ['a journal', false, (lab) => writeFileSync(lab.path('app.db-journal'), 'hot, perhaps')],
  ['an empty journal', true, (lab) => writeFileSync(lab.path('app.db-journal'), '')],
];

test.each(changes)('after a change of %s a state still holds: %s', async (_, isStill, change) => {
  const { lab, saved } = await openStill();
  await using _lab = lab;
  change(lab);
  expect(await isStillIn(saved, lab.path())).toBe(isStill);
});

test('a state without a log does not hold when there is one', async () => {
  const { lab, saved } = await openStill();
  await using _ = lab;
  expect(await isStillIn({ ...saved, wal: null }, lab.path())).toBe(false);
});

test('of a file that was written to just now no state is told: the next write may keep its times', async () => {
  const { lab } = await openStill();
  await using _ = lab;
  const main = await mainState(lab);
  const after = (ms: number): Clock => ({
    ...systemClock,
    now: () => new Date(main.changedAtMs + ms),
  });
  expect(provableState(main, null, after(40))).toBeUndefined();
  expect(provableState(main, null, after(-40))).toBeUndefined();
  expect(provableState(main, null, after(60))).toEqual({ main: main.stamp, wal: null });
  const coarse = { ...main, coarseTimes: true };
  expect(provableState(coarse, null, after(2000))).toBeUndefined();
  expect(provableState(coarse, null, after(2200))).toBeDefined();
});

test('the state a capture tells holds, also from JSON', async () => {
  await using lab = await openLab();
  const database = new DatabaseSync(lab.path());
  database.exec('CREATE TABLE t(a)');
  database.close();
  await systemClock.sleep(60);
  await using old = await lab.capture();
  const state: unknown = JSON.parse(JSON.stringify(old.state));
  expect(isDatabaseState(state) && (await isStillIn(state, lab.path()))).toBe(true);
  for (const odd of [undefined, null, {}, { main: {}, wal: null }, { main: old.state?.main }]) {
    expect(isDatabaseState(odd)).toBe(false);
  }
});
