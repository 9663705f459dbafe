import { existsSync, readFileSync, rmSync, truncateSync, readdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { tempFolder } from '../temp-folder.ts';
import { checkWishlist } from './check-wishlist.ts';
import { layOutWishlist } from './lay-out-wishlist.ts';
import { startWishlistWriter } from './start-wishlist-writer.ts';

const small = { users: 3, items: 20, pictureBytes: 500 };

test('the same options give the same bytes', async () => {
  await using dir = await tempFolder();
  const [a, b] = ['a', 'b'].map((name) => layOutWishlist(dir.join(name), small));
  expect(readFileSync(a!.database).equals(readFileSync(b!.database))).toBe(true);
  expect(readdirSync(a!.uploads)).toEqual(readdirSync(b!.uploads));
  expect(readdirSync(a!.uploads)).toHaveLength(17);
});

test('fresh data holds every promise and has no -wal', async () => {
  await using dir = await tempFolder();
  const { database } = layOutWishlist(dir.path);
  const state = checkWishlist(dir.path);
  expect(state).toMatchObject({ problems: [], commits: 0 });
  expect(state.rows).toMatchObject({ items: 148, user: 15, _prisma_migrations: 46 });
  expect(existsSync(`${database}-wal`)).toBe(false);
});

test('names of pictures that begin with a dash are among them', async () => {
  await using dir = await tempFolder();
  const { uploads } = layOutWishlist(dir.path, { pictureBytes: 100 });
  expect(readdirSync(uploads).some((name) => name.startsWith('-'))).toBe(true);
});

test('each broken promise is told', async () => {
  await using dir = await tempFolder();
  const { database, uploads } = layOutWishlist(dir.path, small);
  const [missing, cut] = readdirSync(uploads);
  rmSync(`${uploads}/${missing}`);
  truncateSync(`${uploads}/${cut}`, 300);
  const db = new DatabaseSync(database, { enableForeignKeyConstraints: false });
  db.exec(`UPDATE ledger_account SET balance = balance + 1 WHERE id = 3;
    INSERT INTO ledger_commit VALUES (7, 'x'); DELETE FROM user WHERE username = 'user1'`);
  db.close();
  expect(checkWishlist(dir.path).problems).toEqual([
    expect.stringMatching(/^foreign_key_check/),
    'the ledger adds up to 20001, not 20000',
    'commit 7 is there, but only 1 commits in all',
    expect.stringMatching(/missing$/),
    expect.stringMatching(/is cut off$/),
  ]);
});

test('the writer changes rows and pictures, keeps every promise and stops cleanly', async () => {
  await using dir = await tempFolder();
  const { database } = layOutWishlist(dir.path, small);
  await using writer = await startWishlistWriter(dir.path, { opsPerSecond: 1000 });
  await writer.reach(150);
  expect(existsSync(`${database}-wal`)).toBe(true);
  await writer.stop();
  expect(existsSync(`${database}-wal`)).toBe(false);
  const state = checkWishlist(dir.path);
  expect(state).toMatchObject({ problems: [], commits: writer.commits() });
});

test('a killed writer leaves its -wal and loses nothing it told of', async () => {
  await using dir = await tempFolder();
  const { database } = layOutWishlist(dir.path, small);
  await using writer = await startWishlistWriter(dir.path, { opsPerSecond: 1000 });
  await writer.reach(50);
  await writer.kill();
  expect(existsSync(`${database}-wal`)).toBe(true);
  const state = checkWishlist(dir.path);
  expect(state.problems).toEqual([]);
  expect(state.commits).toBeGreaterThanOrEqual(writer.commits());
});
