import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requireRoot } from '../../../test/support/require-tool.ts';
import { tempFolder, type TempFolder } from '../../../test/support/temp-folder.ts';
import { systemClock } from '../../base/clock.ts';
import { findLeftovers, newJournal, removePlaces, saveJournal } from './rebuild-journal.ts';
import { rebuildMachine } from './rebuild-machine.ts';

const PLACE = '.keepsake-restore-00000001';
const machine = rebuildMachine({ stateFolder: '/none', clock: systemClock, environment: {} });

function journalOf(...places: string[]) {
  const about = { app: 'wishlist', snapshot: 'a1', startedAt: '2026-11-24T08:00:00Z' };
  return newJournal({ ...about, places: places.map((path) => ({ path })), roots: [] });
}

/** As it lies there, whoever wrote it. */
function plant(dir: TempFolder, ...places: string[]): void {
  mkdirSync(dir.join(PLACE));
  writeFileSync(dir.join(PLACE, 'rebuild.json'), JSON.stringify(journalOf(...places)));
}

test('a journal is found beside the data until all its places are gone', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('disk'));
  const journal = journalOf(dir.join(PLACE), dir.join('disk', PLACE));
  await saveJournal(machine.files, journal);
  const found = await findLeftovers(machine, [dir.path, dir.join('disk')]);
  // The second place holds nothing yet.
  expect(found).toEqual({ journals: [journal], empty: [dir.join('disk', PLACE)] });
  const removed: string[] = [];
  await removePlaces(machine.files, journal, (path) => {
    removed.push(path);
    return Promise.resolve();
  });
  expect(removed).toEqual([dir.join('disk', PLACE), dir.join(PLACE)]);
});

test('a journal that names what is no place of its own is not believed', async () => {
  await using dir = await tempFolder();
  plant(dir, dir.join(PLACE), '/etc');
  expect((await findLeftovers(machine, [dir.path])).journals).toEqual([]);
});

test('a journal that lies elsewhere than it says is not believed', async () => {
  await using dir = await tempFolder();
  plant(dir, dir.join('other', PLACE));
  expect((await findLeftovers(machine, [dir.path])).journals).toEqual([]);
});

test.skipIf(!requireRoot())('a journal in a folder of somebody else is not believed', async () => {
  await using dir = await tempFolder();
  plant(dir, dir.join(PLACE));
  expect((await findLeftovers(machine, [dir.path])).journals).toHaveLength(1);
  chownSync(dir.join(PLACE), 65_534, 65_534);
  expect(await findLeftovers(machine, [dir.path])).toEqual({ journals: [], empty: [] });
});
