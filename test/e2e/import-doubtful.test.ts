/** What `import` doubts, and says so with its snapshot, or refuses. */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { openImportLab, type ImportLab } from '../support/import-lab.ts';
import type { KeepsakeResult } from '../support/keepsake.ts';
import { runProgramOk } from '../support/run-program.ts';

let lab: ImportLab;
let live: string;

beforeAll(async () => {
  lab = await openImportLab();
  live = await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

test('a torn database is kept with what lay beside it, tagged unverified, said, and never the latest: exit 3', async () => {
  const folder = lab.join('torn/data');
  mkdirSync(folder, { recursive: true });
  const bytes = readFileSync(lab.app.database);
  const middle = Math.floor(bytes.length / 8192) * 4096;
  bytes.fill(0x5a, middle, middle + 8192);
  writeFileSync(join(folder, 'prod.db'), bytes);
  writeFileSync(join(folder, 'prod.db-shm'), 'not looked at');
  const file = await lab.tarOf('torn-20251113.tar.gz', '-C', lab.join('torn'), 'data');
  const future = ['--time', new Date(Date.now() + 60_000).toISOString()];
  const { imported } = await lab.importing([...future, file], { exits: 3 });
  expect(imported).toMatchObject([{ outcome: 'unverified', databases: [{ verdict: 'torn' }] }]);
  expect(imported[0]?.tags).toContain('unverified');
  const target = await lab.restored(imported[0]?.snapshot_id);
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
  const broken = await lab.tarOf('broken-20251114.tar.gz', '-C', lab.join('broken'), 'data');
  const uploads = await lab.tarOf('uploads-20251123.tar', '-C', lab.app.root, 'uploads');
  for (const [file, outcome] of [
    [broken, 'unverified'],
    [uploads, 'partial'],
  ] as const) {
    const { imported } = await lab.importing([file], { exits: 3 });
    expect(imported).toMatchObject([{ outcome }]);
    expect(imported[0]?.tags).toContain(outcome);
    if (file === broken)
      expect(imported).toMatchObject([{ databases: [{ verdict: 'broken-references' }] }]);
  }
});

interface ToldError {
  readonly item: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

function errorsIn(result: KeepsakeResult): ToldError[] {
  return messages(result, 'error') as unknown as ToldError[];
}

test('what would reach out of the archive is refused by name, and nothing of it is imported', async () => {
  const before = lab.snapshotCount();
  const folder = lab.join('evil');
  mkdirSync(folder);
  symlinkSync('/etc/shadow', join(folder, 'link'));
  writeFileSync(join(folder, 'good'), 'good');
  const climbing = await lab.tarOf(
    'climbing.tar',
    '-C',
    folder,
    '--transform=s,^good,../../etc/cron.d/x,',
    '-P',
    'good',
  );
  const leading = await lab.tarOf('leading.tar.gz', '-C', folder, 'good', 'link');
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
  const { result, imported } = await lab.importing([climbing, leading, below], { exits: 1 });
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
  expect(lab.snapshotCount()).toBe(before);
  await lab.importing(['--exclude', 'link', '--root', '/srv/evil', leading], { app: false });
  expect(lab.snapshotCount()).toBe(before + 1);
});

test('a file that is cut off, or is something else, is said with what to do; the others are imported', async () => {
  const whole = await lab.tarOf('whole-20251120.tar.gz', '-C', lab.app.root, '.');
  const cut = lab.join('cut-20251121.tar.gz');
  writeFileSync(cut, readFileSync(whole).subarray(0, -2000));
  const cutZstd = lab.join('cut-20251122.tar.zst');
  await runProgramOk([
    'zstd',
    '-q',
    '-o',
    lab.join('z.zst'),
    await lab.tarOf('z.tar', '-C', lab.app.root, '.'),
  ]);
  writeFileSync(cutZstd, readFileSync(lab.join('z.zst')).subarray(0, -100));
  const sql = lab.join('dump.sql');
  writeFileSync(sql, 'PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n');
  const xz = lab.join('x.tar.xz');
  writeFileSync(xz, Buffer.from('fd377a585a000004', 'hex'));
  const before = lab.snapshotCount();
  const { result, imported } = await lab.importing(
    [cut, cutZstd, sql, xz, lab.join('absent'), whole],
    {
      exits: 1,
    },
  );
  expect(imported).toMatchObject([{ outcome: 'imported' }]);
  expect(lab.snapshotCount()).toBe(before + 1);
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
