import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  damageFile,
  messages,
  openAppLab,
  repositoryFiles,
  type AppLab,
} from '../support/app-lab.ts';
import { compareTrees } from '../support/compare-trees.ts';
import { testRefusals } from '../support/refusals.ts';
import { checkWishlist } from '../support/wishlist-app/check-wishlist.ts';

let lab: AppLab;
let root: string;

beforeAll(async () => {
  lab = await openAppLab();
  ({ root } = lab.app);
  await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

test('a snapshot comes back to a folder as it was, and the databases are named as complete', async () => {
  const target = lab.join('whole');
  const { stdout } = await lab.keepsake(['restore', 'latest', '--target', target, '--verify']);
  expect(await compareTrees(root, join(target, root))).toEqual([]);
  const state = checkWishlist(join(target, root));
  expect(state.problems).toEqual([]);
  expect(stdout).toContain(`${join(target, lab.app.database)}: `);
  expect(stdout).toContain('there is no -wal to go with it');
  expect(stdout).toMatch(/^restored to .*whole: \d+ files, /m);
  expect(stdout).toMatch(/^verified: \d+ files/m);
  expect(stdout).toContain('next: stop the app');
});

test('patterns that match no file are no success', async () => {
  const args = ['restore', 'latest', '-t', lab.join('none'), '--include', 'uplaods'];
  const { stdout, stderr } = await lab.keepsake(args, { exits: 1 });
  expect(stderr).toContain('no file in the snapshot matches --include uplaods');
  expect(stdout).not.toContain('restored');
});

test('a folder of it, and what patterns choose, can be restored alone', async () => {
  const target = lab.join('part');
  const names = readdirSync(lab.app.uploads).sort();
  const [first = '', second = ''] = names;
  const patterns = ['--include', '/uploads', '--exclude', second];
  const args = ['--json', 'restore', `latest:${root}`, '-t', target, ...patterns];
  const [summary] = messages(await lab.keepsake(args), 'summary');
  expect(readdirSync(target)).toEqual(['uploads']);
  expect(existsSync(join(target, 'uploads', first))).toBe(true);
  expect(existsSync(join(target, 'uploads', second))).toBe(false);
  expect(summary).toMatchObject({
    files_restored: names.length - 1,
    files_skipped: 0,
    files_deleted: 0,
    databases: [],
  });
});

test('--dry-run says what would be written, and writes nothing', async () => {
  const target = lab.join('dry');
  const { stdout } = await lab.keepsake(['restore', 'latest', '-t', target, '--dry-run']);
  expect(stdout).toContain('nothing was written');
  expect(existsSync(target)).toBe(false);
});

test('--overwrite never keeps what is there; always, the default, puts it right', async () => {
  const target = lab.join('again');
  const env = join(target, '.env');
  const args = ['--json', 'restore', `latest:${root}`, '-t', target, '--include', '.env'];
  mkdirSync(target);
  writeFileSync(env, 'mine');
  const [kept] = messages(await lab.keepsake([...args, '--overwrite', 'never']), 'summary');
  expect(readFileSync(env, 'utf8')).toBe('mine');
  expect(kept).toMatchObject({ files_restored: 0, files_skipped: 1 });
  const [written] = messages(await lab.keepsake(args), 'summary');
  expect(readFileSync(env, 'utf8')).toBe(readFileSync(join(root, '.env'), 'utf8'));
  expect(written).toMatchObject({ files_restored: 1, files_skipped: 0, total_files: 1 });
  const { stderr } = await lab.keepsake([...args, '--overwrite', 'maybe'], { exits: 2 });
  expect(stderr).toBe('');
});

test('a database is not restored where an old -wal would undo it', async () => {
  const target = lab.join('stale');
  const database = join(target, 'data', 'prod.db');
  mkdirSync(join(target, 'data'), { recursive: true });
  writeFileSync(database, 'the live one');
  writeFileSync(`${database}-wal`, 'not yet in it');
  const args = ['restore', `latest:${root}`, '--target', target];
  const { stderr } = await lab.keepsake(args, { exits: 1 });
  expect(stderr).toContain(`${database}-wal`);
  expect(stderr).toContain('Nothing was written');
  expect(readFileSync(database, 'utf8')).toBe('the live one');
  expect(readdirSync(target)).toEqual(['data']);
  rmSync(`${database}-wal`);
  await lab.keepsake(args);
  expect(checkWishlist(target).problems).toEqual([]);
});

test('without a target, to the root, or to a place that takes nothing: refused, nothing written', async () => {
  const without = await lab.keepsake(['restore', 'latest'], { exits: 2 });
  expect(without.stderr).toContain('--target DIR');
  await lab.keepsake(['restore', 'latest', '--target', '/'], { exits: 2 });
  const file = join(root, '.env');
  const { stderr } = await lab.keepsake(['restore', 'latest', '-t', file], { exits: 1 });
  expect(stderr).toContain('not a folder');
  const absent = ['restore', 'latest:/no/such', '-t', lab.join('x')];
  await lab.keepsake(absent, { exits: 1 });
  expect(existsSync(lab.join('x'))).toBe(false);
});

test('an item that cannot be written is named with exit 3, and all else is restored', async () => {
  const target = lab.join('blocked');
  mkdirSync(join(target, '.env', 'in the way'), { recursive: true });
  const args = ['restore', `latest:${root}`, '--target', target];
  const { stdout, stderr } = await lab.keepsake(args, { exits: 3 });
  expect(stderr).toContain('"/.env" was not restored');
  expect(stdout).toContain('restored in part (1 error) to ');
  expect(checkWishlist(target).problems).toEqual([]);
});

test('a target inside what is backed up is warned of', async () => {
  const target = join(lab.app.uploads, 'copy');
  const args = ['restore', 'latest', '-t', target, '--include', '.env', '--dry-run'];
  const { stderr } = await lab.keepsake(args);
  expect(stderr).toContain('the next backup will hold this copy');
});

test('what the repository lost is named with its pack and exit 20; no wrong file is left', async () => {
  const repository = lab.join('damaged');
  cpSync(lab.repository, repository, { recursive: true });
  const [pack = ''] = repositoryFiles(repository, 'data');
  damageFile(pack, { from: 0.3, to: 0.4 });
  const target = lab.join('holes');
  const args = ['--json', 'restore', 'latest', '--target', target];
  const result = await lab.keepsake(args, { repository, exits: 20 });
  const errors = messages(result, 'error');
  expect(errors.length).toBeGreaterThan(0);
  for (const { item, error } of errors) {
    expect((error as { message: string }).message).toContain(basename(pack));
    expect(existsSync(join(target, String(item)))).toBe(false);
  }
  const missing = new Set(errors.map(({ item }) => relative(root, String(item))));
  const skip = (path: string) => missing.has(path);
  expect(await compareTrees(root, join(target, root), { skip, ignore: ['mtime'] })).toEqual([]);
});

testRefusals(
  () => lab,
  (snapshot) => ['restore', snapshot, '--target', lab.join('refused')],
);
