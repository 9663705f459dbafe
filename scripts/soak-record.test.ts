import { expect, test } from 'vitest';
import { tempFolder } from '../test/support/temp-folder.ts';
import { SoakRecord, soakPage, type SoakRun } from './soak-record.ts';

const machine = {
  node: '24.21.0',
  sqlite: '3.51.0',
  system: 'Linux 6.1',
  cores: 2,
  processor: 'some processor',
  memoryGib: 8,
};

const run: SoakRun = {
  part: 'captures-wal',
  what: 'raw captures',
  seed: 1,
  from: 0,
  counts: { captures: 5000, kills: 90 },
  wrong: 0,
  minutes: 4,
  date: '2026-01-02',
  commit: 'abc1234',
};

test('pieces run at different times add up, and one run again replaces itself', async () => {
  await using dir = await tempFolder();
  const path = dir.join('folder', 'soak.json');
  new SoakRecord(path).add({ ...run, wrong: 7 });
  new SoakRecord(path).add({ ...run, from: 5000, date: '2026-01-03' });
  new SoakRecord(path).add(run);
  const page = soakPage(new SoakRecord(path).runs, machine, [run.part]);
  expect(page).toContain('**10,000 raw captures, 0 deaths, 0 wrong** (2026-01-02 to 2026-01-03)');
  expect(page).toContain('| captures 10000, kills 180 | 0 | 8.0 | abc1234 |');
});

test('what was wrong in any piece is told', () => {
  const page = soakPage([run, { ...run, from: 5000, wrong: 2 }], machine, [run.part]);
  expect(page).toContain('2 wrong');
});

test('deaths of all commands are counted together, and each is told', () => {
  const counts = { tests: 5, 'deaths of guard': 990, 'deaths of update': 15 };
  const page = soakPage([run, { ...run, part: 'crash-guard', counts }], machine, [
    run.part,
    'crash-guard',
  ]);
  expect(page).toContain('**5,000 raw captures, 1,005 deaths, 0 wrong**');
  expect(page).toContain('| tests 5, deaths of guard 990, deaths of update 15 | 0 |');
});

test('what was never run is told', () => {
  const page = soakPage([run], machine, ['live-large', run.part, 'crash-restore']);
  expect(page).toContain('**Not run:** live-large, crash-restore.');
});
