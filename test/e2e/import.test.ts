/** `import`, from archives that real tar made and databases that were copied by hand. */
import { cpSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareTrees } from '../support/compare-trees.ts';
import { openImportLab, rowsIn, type Imported, type ImportLab } from '../support/import-lab.ts';
import { layOutNastyTree } from '../support/nasty-tree.ts';
import { runProgramOk } from '../support/run-program.ts';

let lab: ImportLab;
let live: string;
/** Archives that are sound, by their name, taken in by one command. */
let sound: Map<string, Imported>;

beforeAll(async () => {
  lab = await openImportLab();
  live = await lab.backUp();
  const files: string[] = [];
  for (const [name, make] of SOUND) files.push(await lab.tarOf(name, ...make()));
  const { imported } = await lab.importing(files.toReversed());
  sound = new Map(imported.map((each) => [basename(each.item), each]));
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Members of each, as arguments of tar. */
const SOUND: readonly (readonly [string, () => string[]])[] = [
  ['whole-20251101.tar.gz', () => ['--format=pax', '-C', '/', lab.app.root.slice(1)]],
  ['named-20251102.tar.zst', () => ['--format=pax', '-C', join(lab.app.root, '..'), 'wishlist']],
  ['inner-20251103.tar', () => ['--format=pax', '-C', lab.app.root, '.']],
  [
    'loose-20251104.tgz',
    () => {
      const data = ['-C', join(lab.app.root, 'data'), 'prod.db'];
      return ['--format=pax', ...data, '-C', lab.app.root, 'uploads', '.env'];
    },
  ],
  ['wal-20251112.tar.gz', () => ['-C', layOutWalArchive(), 'data']],
  ['dated.tar', () => ['-C', layOutDated(), 'data']],
];

function importedFrom(name: string): Imported {
  const found = sound.get(name);
  if (found === undefined) throw new Error(`${name} was not imported`);
  return found;
}

const isOfDatabase = (path: string): boolean => /^data(\/|$)/.test(path);

test.each([
  ['whole-20251101.tar.gz', '2025-11-01'],
  ['named-20251102.tar.zst', '2025-11-02'],
  ['inner-20251103.tar', '2025-11-03'],
  ['loose-20251104.tgz', '2025-11-04'],
])('%s becomes a snapshot of %s, as if it had been backed up then', async (name, day) => {
  const { snapshot_id: id = '', ...one } = importedFrom(name);
  const tags = ['app:wishlist', 'imported'];
  expect(one).toMatchObject({ outcome: 'imported', time_from: 'name', tags });
  expect(one.time.slice(0, 10)).toBe(day);
  expect(one.databases).toMatchObject([{ path: lab.app.database, verdict: 'sound' }]);
  // All of it is in the repository already.
  expect(one.data_added_packed).toBeLessThan(30_000);
  const below = join(await lab.restored(id), lab.app.root);
  // That archive has no member for the root and for `data`.
  const differences = await compareTrees(lab.app.root, below, { skip: isOfDatabase });
  const isExpected = (text: string) => name.startsWith('loose') && text.startsWith('.: ');
  expect(differences.filter((text) => !isExpected(text))).toEqual([]);
  expect(readdirSync(join(below, 'data'))).toEqual(['prod.db']);
  expect(rowsIn(join(below, 'data/prod.db'))).toBe(rowsIn(lab.app.database));
  await lab.keepsake(['verify', id]);
  const { stdout } = await lab.keepsake(['diff', id, live]);
  expect(stdout).toContain(live.slice(0, 8));
  expect(stdout).not.toMatch(/^[+-] .*\.webp/m);
});

test('imported snapshots lie in the past: latest is still the newest backup', async () => {
  const { stdout } = await lab.keepsake(['--json', 'ls', 'latest', '--app', 'wishlist']);
  expect(stdout.split('\n')[0]).toContain(live);
});

test('the same file again is said and makes no second snapshot', async () => {
  const name = 'inner-20251103.tar';
  const file = lab.join(name);
  const elsewhere = lab.join('renamed-20251103.tar');
  cpSync(file, elsewhere);
  const before = lab.snapshotCount();
  const again = await lab.importing([file, elsewhere]);
  const skipped = { outcome: 'skipped', snapshot_id: importedFrom(name).snapshot_id };
  expect(again.imported).toMatchObject([skipped, skipped]);
  expect(lab.snapshotCount()).toBe(before);
  const other = await lab.importing(['--time', '2025-11-09T08:00:00Z', file]);
  expect(other.imported).toMatchObject([{ outcome: 'imported', time: '2025-11-09T08:00:00.000Z' }]);
});

test('a single database goes where the app has its own, is only the database, and has the app’s owner', async () => {
  const file = lab.join('prod.db.backup-20251124');
  cpSync(lab.app.database, file);
  const compressed = lab.join('prod.db.backup-20251125.gz');
  writeFileSync(compressed, (await runProgramOk(['gzip', '-c', file])).stdoutBytes);
  const { imported } = await lab.importing([file, compressed]);
  expect(imported).toMatchObject([
    {
      outcome: 'imported',
      tags: ['app:wishlist', 'imported', 'database-only'],
      places: [{ to: lab.app.database }],
    },
    { outcome: 'imported', databases: [{ verdict: 'sound' }] },
  ]);
  const target = await lab.restored(imported[0]?.snapshot_id);
  expect(rowsIn(join(target, lab.app.database))).toBe(rowsIn(lab.app.database));
  await lab.importing([file], { app: false, exits: 2 });
  const without = await lab.importing(['--as', '/srv/x.db', file], { app: false });
  expect(without.imported).toMatchObject([{ places: [{ to: '/srv/x.db' }] }]);
});

test('a database that went to the wrong place is imported again to the right one, and then no more', async () => {
  const file = lab.join('prod.db.backup-20251127');
  cpSync(lab.app.database, file);
  const [wrong] = (await lab.importing(['--as', 'data/other.db', file], { exits: 3 })).imported;
  const right = (await lab.importing([file])).imported;
  expect(right).toMatchObject([{ outcome: 'imported', places: [{ to: lab.app.database }] }]);
  const skipped = { outcome: 'skipped', snapshot_id: right[0]?.snapshot_id };
  expect((await lab.importing([file])).imported).toMatchObject([skipped]);
  const asBefore = (await lab.importing(['--as', 'data/other.db', file])).imported;
  expect(asBefore).toMatchObject([{ outcome: 'skipped', snapshot_id: wrong?.snapshot_id }]);
});

/** A database with committed rows that are in its WAL alone, as a copy beside a running app has them. */
function layOutWithWal(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'prod.db');
  cpSync(lab.app.database, path);
  using database = new DatabaseSync(path);
  database.exec(
    'PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE later(x); INSERT INTO later VALUES (1), (2)',
  );
  for (const ending of ['', '-wal', '-shm']) cpSync(path + ending, `${path}.copy${ending}`);
  return `${path}.copy`;
}

function layOutWalArchive(): string {
  const copy = layOutWithWal(lab.join('wal'));
  const folder = lab.join('wal-archive/data');
  mkdirSync(folder, { recursive: true });
  for (const ending of ['', '-wal', '-shm'])
    cpSync(copy + ending, join(folder, `prod.db${ending}`));
  return lab.join('wal-archive');
}

test('rows that are in the -wal of the archive alone are in the snapshot, and no -wal beside it', async () => {
  const imported = importedFrom('wal-20251112.tar.gz');
  expect(imported).toMatchObject({ outcome: 'imported', databases: [{ verdict: 'sound' }] });
  const target = await lab.restored(imported.snapshot_id);
  expect(readdirSync(join(target, lab.app.root, 'data'))).toEqual(['prod.db']);
  expect(rowsIn(join(target, lab.app.database), 'later')).toBe(2);
});

test('several files become snapshots in the order of their dates', () => {
  // They were named the other way round.
  const times = [...sound.values()].map(({ time }) => time);
  expect(times).toHaveLength(SOUND.length);
  expect(times).toEqual(times.toSorted());
});

test('a dry run judges everything and writes nothing', async () => {
  const before = lab.snapshotCount();
  const file = await lab.tarOf('dry-20251024.tar', '-C', lab.app.root, '.');
  const { imported } = await lab.importing(['--dry-run', file]);
  expect(imported).toMatchObject([{ outcome: 'imported', databases: [{ verdict: 'sound' }] }]);
  expect(imported[0]?.snapshot_id).toBeUndefined();
  expect(lab.snapshotCount()).toBe(before);
});

test('what export wrote comes back by import, every byte and all the file system says of it', async () => {
  const source = lab.join('nasty');
  layOutNastyTree(source, { without: ['socket'] });
  rmSync(join(source, 'links/absolute')); // leads out, and is refused
  await lab.backUpPaths(source);
  const file = lab.join('nasty.tar.zst');
  await lab.keepsake(['export', 'latest', file, '--path', source]);
  const { imported } = await lab.importing(['--time', '2020-01-01', file], { app: false });
  const target = await lab.restored(imported[0]?.snapshot_id);
  expect(await compareTrees(source, `${target}${source}`)).toEqual([]);
});

function layOutDated(): string {
  const folder = lab.join('dated/data');
  mkdirSync(folder, { recursive: true });
  cpSync(lab.app.database, join(folder, 'prod.db'));
  utimesSync(join(folder, 'prod.db'), 1_700_000_000, 1_700_000_000);
  return lab.join('dated');
}

test('without a date in the name the database’s own time counts', () => {
  const told = { time: '2023-11-14T22:13:20.000Z', time_from: 'database' };
  expect(importedFrom('dated.tar')).toMatchObject(told);
});
