/** `import`, from archives that real tar made and databases that were copied by hand. */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages, openAppLab, type AppLab } from '../support/app-lab.ts';
import { compareTrees } from '../support/compare-trees.ts';
import type { KeepsakeResult } from '../support/keepsake.ts';
import { layOutNastyTree } from '../support/nasty-tree.ts';
import { runProgramOk } from '../support/run-program.ts';

let lab: AppLab;
let live: string;
/** Archives that are sound, by their name, taken in by one command. */
let sound: Map<string, Imported>;

beforeAll(async () => {
  lab = await openAppLab();
  live = await lab.backUp();
  const files: string[] = [];
  for (const [name, make] of SOUND) files.push(await tarOf(name, ...make()));
  const { imported } = await importing(files.toReversed());
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

interface Imported {
  readonly item: string;
  readonly snapshot_id?: string;
  readonly outcome: string;
  readonly time: string;
  readonly time_from: string;
  readonly tags: string[];
  readonly places: { from: string; to: string }[];
  readonly databases: { path: string; verdict: string; rows: number }[];
  readonly total_files: number;
  readonly data_added_packed: number;
  readonly notes: string[];
}

async function importing(
  args: readonly string[],
  { exits, app = true }: { exits?: number; app?: boolean } = {},
): Promise<{ result: KeepsakeResult; imported: Imported[] }> {
  const config = app ? ['-c', lab.config] : [];
  const all = ['--json', ...config, 'import', '--host', 'homeserver', ...args];
  const result = await lab.keepsake(all, exits === undefined ? {} : { exits });
  return { result, imported: messages(result, 'import') as unknown as Imported[] };
}

async function restored(id: string | undefined): Promise<string> {
  const target = lab.join(`restored-${id?.slice(0, 8)}`);
  await lab.restoreHere(id ?? '', target);
  return target;
}

function rowsIn(path: string, table = 'items'): unknown {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
}

async function tarOf(name: string, ...args: string[]): Promise<string> {
  const file = lab.join(name);
  await runProgramOk(['tar', '-caf', file, ...args]);
  return file;
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
  const below = join(await restored(id), lab.app.root);
  // That archive has no member for the root and for `data`.
  const differences = await compareTrees(lab.app.root, below, { skip: isOfDatabase });
  const isExpected = (text: string) => name.startsWith('loose') && text.startsWith('.: ');
  expect(differences.filter((text) => !isExpected(text))).toEqual([]);
  expect(readdirSync(join(below, 'data'))).toEqual(['prod.db']);
  expect(rowsIn(join(below, 'data/prod.db'))).toBe(rowsIn(lab.app.database));
  await lab.keepsake(['verify', id]);
});

test('an imported snapshot compares with a backup, path by path', async () => {
  // The one of which no name in the archive is as on the disk.
  const { snapshot_id: id = '' } = importedFrom('loose-20251104.tgz');
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
  const before = snapshotCount();
  const again = await importing([file, elsewhere]);
  const skipped = { outcome: 'skipped', snapshot_id: importedFrom(name).snapshot_id };
  expect(again.imported).toMatchObject([skipped, skipped]);
  expect(snapshotCount()).toBe(before);
  const other = await importing(['--time', '2025-11-09T08:00:00Z', file]);
  expect(other.imported).toMatchObject([{ outcome: 'imported', time: '2025-11-09T08:00:00.000Z' }]);
});

test('a single database goes where the app has its own, is only the database, and has the app’s owner', async () => {
  const file = lab.join('prod.db.backup-20251124');
  cpSync(lab.app.database, file);
  const compressed = lab.join('prod.db.backup-20251125.gz');
  writeFileSync(compressed, (await runProgramOk(['gzip', '-c', file])).stdoutBytes);
  const { imported } = await importing([file, compressed]);
  expect(imported).toMatchObject([
    {
      outcome: 'imported',
      tags: ['app:wishlist', 'imported', 'database-only'],
      places: [{ to: lab.app.database }],
    },
    { outcome: 'imported', databases: [{ verdict: 'sound' }] },
  ]);
  const target = await restored(imported[0]?.snapshot_id);
  expect(rowsIn(join(target, lab.app.database))).toBe(rowsIn(lab.app.database));
  await importing([file], { app: false, exits: 2 });
  const without = await importing(['--as', '/srv/x.db', file], { app: false });
  expect(without.imported).toMatchObject([{ places: [{ to: '/srv/x.db' }] }]);
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
  const target = await restored(imported.snapshot_id);
  expect(readdirSync(join(target, lab.app.root, 'data'))).toEqual(['prod.db']);
  expect(rowsIn(join(target, lab.app.database), 'later')).toBe(2);
});

test('a torn database is kept with what lay beside it, tagged unverified, said, and never the latest: exit 3', async () => {
  const folder = lab.join('torn/data');
  mkdirSync(folder, { recursive: true });
  const bytes = readFileSync(lab.app.database);
  const middle = Math.floor(bytes.length / 8192) * 4096;
  bytes.fill(0x5a, middle, middle + 8192);
  writeFileSync(join(folder, 'prod.db'), bytes);
  writeFileSync(join(folder, 'prod.db-shm'), 'not looked at');
  const file = await tarOf('torn-20251113.tar.gz', '-C', lab.join('torn'), 'data');
  const future = ['--time', new Date(Date.now() + 60_000).toISOString()];
  const { imported } = await importing([...future, file], { exits: 3 });
  expect(imported).toMatchObject([{ outcome: 'unverified', databases: [{ verdict: 'torn' }] }]);
  expect(imported[0]?.tags).toContain('unverified');
  const target = await restored(imported[0]?.snapshot_id);
  expect(readFileSync(join(target, lab.app.database)).equals(bytes)).toBe(true);
  expect(readdirSync(join(target, lab.app.root, 'data')).sort()).toEqual([
    'prod.db',
    'prod.db-shm',
  ]);
  const { stdout } = await lab.keepsake(['--json', 'ls', 'latest', '--app', 'wishlist']);
  expect(stdout.split('\n')[0]).toContain(live);
  const text = await lab.keepsake(['-c', lab.config, 'import', '--time', '2025-11-14', file], {
    exits: 3,
  });
  expect(text.stderr).toContain('TORN');
});

test('rows that point nowhere make it unverified, and one without the app’s database is partial: exit 3', async () => {
  const folder = lab.join('broken/data');
  mkdirSync(folder, { recursive: true });
  cpSync(lab.app.database, join(folder, 'prod.db'));
  {
    using database = new DatabaseSync(join(folder, 'prod.db'), {
      enableForeignKeyConstraints: false,
    });
    database.exec(
      'CREATE TABLE a(id INTEGER PRIMARY KEY); CREATE TABLE b(a REFERENCES a(id)); INSERT INTO b VALUES (7)',
    );
  }
  const broken = await tarOf('broken-20251114.tar.gz', '-C', lab.join('broken'), 'data');
  const uploads = await tarOf('uploads-20251123.tar', '-C', lab.app.root, 'uploads');
  for (const [file, outcome] of [
    [broken, 'unverified'],
    [uploads, 'partial'],
  ] as const) {
    const { imported } = await importing([file], { exits: 3 });
    expect(imported).toMatchObject([{ outcome }]);
    expect(imported[0]?.tags).toContain(outcome);
    if (file === broken)
      expect(imported).toMatchObject([{ databases: [{ verdict: 'broken-references' }] }]);
  }
});

function snapshotCount(): number {
  return readdirSync(join(lab.repository, 'snapshots')).length;
}

interface ToldError {
  readonly item: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

function errorsIn(result: KeepsakeResult): ToldError[] {
  return messages(result, 'error') as unknown as ToldError[];
}

test('what would reach out of the archive is refused by name, and nothing of it is imported', async () => {
  const before = snapshotCount();
  const folder = lab.join('evil');
  mkdirSync(folder);
  symlinkSync('/etc/shadow', join(folder, 'link'));
  writeFileSync(join(folder, 'good'), 'good');
  const climbing = await tarOf(
    'climbing.tar',
    '-C',
    folder,
    '--transform=s,^good,../../etc/cron.d/x,',
    '-P',
    'good',
  );
  const leading = await tarOf('leading.tar.gz', '-C', folder, 'good', 'link');
  const below = lab.join('below.tar');
  await runProgramOk(['tar', '-cf', below, '-C', folder, 'link']);
  await runProgramOk([
    'tar',
    '-rf',
    below,
    '-C',
    folder,
    '--transform=s,^good,link/passwd,',
    'good',
  ]);
  const { result, imported } = await importing([climbing, leading, below], { exits: 1 });
  expect(imported).toEqual([]);
  const refused = errorsIn(result).map(({ item, error }) => [
    item,
    error.code,
    /"(.*)" is refused/.exec(error.message)?.[1],
  ]);
  expect(refused).toEqual([
    [climbing, 'IMPORT_MEMBER_REFUSED', '../../etc/cron.d/x'],
    [leading, 'IMPORT_MEMBER_REFUSED', 'link'],
    [below, 'IMPORT_MEMBER_REFUSED', 'link/passwd'],
  ]);
  expect(snapshotCount()).toBe(before);
  await importing(['--exclude', 'link', '--root', '/srv/evil', leading], { app: false });
  expect(snapshotCount()).toBe(before + 1);
});

test('a file that is cut off, or is something else, is said with what to do; the others are imported', async () => {
  const whole = await tarOf('whole-20251120.tar.gz', '-C', lab.app.root, '.');
  const cut = lab.join('cut-20251121.tar.gz');
  writeFileSync(cut, readFileSync(whole).subarray(0, -2000));
  const cutZstd = lab.join('cut-20251122.tar.zst');
  await runProgramOk([
    'zstd',
    '-q',
    '-o',
    lab.join('z.zst'),
    await tarOf('z.tar', '-C', lab.app.root, '.'),
  ]);
  writeFileSync(cutZstd, readFileSync(lab.join('z.zst')).subarray(0, -100));
  const sql = lab.join('dump.sql');
  writeFileSync(sql, 'PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n');
  const xz = lab.join('x.tar.xz');
  writeFileSync(xz, Buffer.from('fd377a585a000004', 'hex'));
  const before = snapshotCount();
  const { result, imported } = await importing([cut, cutZstd, sql, xz, lab.join('absent'), whole], {
    exits: 1,
  });
  expect(imported).toMatchObject([{ outcome: 'imported' }]);
  expect(snapshotCount()).toBe(before + 1);
  const errors = errorsIn(result);
  expect(errors.map(({ item, error }) => [item, error.code])).toEqual([
    [cut, 'IMPORT_DAMAGED'],
    [cutZstd, 'IMPORT_DAMAGED'],
    [sql, 'IMPORT_UNSUPPORTED'],
    [xz, 'IMPORT_UNSUPPORTED'],
    [lab.join('absent'), 'IMPORT_UNREADABLE'],
  ]);
  expect(errors[2]?.error.hint).toContain('sqlite3 prod.db <');
  await lab.keepsake(['check', '--read-data']);
});

test('several files become snapshots in the order of their dates', () => {
  // They were named the other way round.
  const times = [...sound.values()].map(({ time }) => time);
  expect(times).toHaveLength(SOUND.length);
  expect(times).toEqual(times.toSorted());
});

test('a dry run judges everything and writes nothing', async () => {
  const before = snapshotCount();
  const file = await tarOf('dry-20251024.tar', '-C', lab.app.root, '.');
  const { imported } = await importing(['--dry-run', file]);
  expect(imported).toMatchObject([{ outcome: 'imported', databases: [{ verdict: 'sound' }] }]);
  expect(imported[0]?.snapshot_id).toBeUndefined();
  expect(snapshotCount()).toBe(before);
});

test('what export wrote comes back by import, every byte and all the file system says of it', async () => {
  const source = lab.join('nasty');
  layOutNastyTree(source, { without: ['socket'] });
  rmSync(join(source, 'links/absolute')); // leads out, and is refused
  await lab.backUpPaths(source);
  const file = lab.join('nasty.tar.zst');
  await lab.keepsake(['export', 'latest', file, '--path', source]);
  const { imported } = await importing(['--time', '2020-01-01', file], { app: false });
  const target = await restored(imported[0]?.snapshot_id);
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
