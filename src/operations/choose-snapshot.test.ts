import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { createLab, storeSnapshot } from '../../test/support/repository-lab.ts';
import { fileNode, treeOf } from '../../test/support/tree-builder.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { chooseSnapshot, matchesFilter, pickById } from './choose-snapshot.ts';
import { newestOfEach } from './snapshots.ts';

function stored(id: string, more: Partial<StoredSnapshot['snapshot']> = {}): StoredSnapshot {
  const snapshot = {
    time: '2026-01-01T00:00:00Z',
    tree: 'ab'.repeat(32),
    paths: ['/srv'],
    ...more,
  };
  return { id, snapshot };
}

test('a list of tags must be there as a whole, one of several lists is enough', () => {
  const snapshot = stored('a1', { tags: ['a', 'b', 'app:wishlist'] });
  expect(matchesFilter(snapshot, { tagLists: [['a', 'b']] })).toBe(true);
  expect(matchesFilter(snapshot, { tagLists: [['a', 'c']] })).toBe(false);
  expect(matchesFilter(snapshot, { tagLists: [['a', 'c'], ['b']] })).toBe(true);
  expect(matchesFilter(snapshot, { app: 'wishlist', tagLists: [['a']] })).toBe(true);
  expect(matchesFilter(snapshot, { app: 'wish' })).toBe(false);
});

test('any of the hosts, all of the paths', () => {
  const snapshot = stored('a1', { hostname: 'h', paths: ['/a', '/b'] });
  expect(matchesFilter(snapshot, { hosts: ['x', 'h'] })).toBe(true);
  expect(matchesFilter(snapshot, { hosts: ['x'] })).toBe(false);
  expect(matchesFilter(snapshot, { paths: ['/a', '/b'] })).toBe(true);
  expect(matchesFilter(snapshot, { paths: ['/a', '/c'] })).toBe(false);
});

test('the beginning of an id must be of one snapshot alone, damaged ones counted', () => {
  const all = [stored('abc1'), stored('abd2')];
  expect(pickById(all, 'abc', [])).toBe(all[0]);
  expect(() => pickById(all, 'ab', [])).toThrow('matches 2 snapshots');
  expect(() => pickById(all, '', [])).toThrow('no snapshot matches');
  expect(() => pickById(all, 'fff', ['fff9'])).toThrow('fff9');
  expect(() => pickById(all, 'abc', ['abc9'])).toThrow();
});

test('the newest of each host and set of paths are kept, in their order', () => {
  const all = [
    stored('1', { hostname: 'h' }),
    stored('2', { hostname: 'i' }),
    stored('3', { hostname: 'h', paths: ['/b', '/a'] }),
    stored('4', { hostname: 'h', paths: ['/a', '/b'] }),
    stored('5', { hostname: 'h' }),
  ];
  expect(newestOfEach(all, 1).map(({ id }) => id)).toEqual(['2', '4', '5']);
  expect(newestOfEach(all, 2)).toEqual(all);
});

test('a damaged snapshot that `latest` may have meant is named; an id is not in doubt', async () => {
  const { open, backend } = await createLab();
  const store = new MemoryBlobStore();
  const tree = treeOf(store, [fileNode(store, 'a', ['a'])]);
  const old = await storeSnapshot(await open(), { store, tree });
  const fields = { time: '2026-02-02T03:04:05Z' };
  const newest = await storeSnapshot(await open(), { store, tree }, { fields });
  backend.tamper({ kind: 'snapshot', name: newest }, new Uint8Array(0));
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  expect((await chooseSnapshot(await open(), old.slice(0, 9), { warn })).id).toBe(old);
  expect(warnings).toEqual([]);
  expect((await chooseSnapshot(await open(), 'latest', { warn })).id).toBe(old);
  expect(warnings).toEqual([expect.stringContaining(newest.slice(0, 8))]);
});

test('where `latest` would pass over all there are, the newest of them is named, and why', async () => {
  const { open } = await createLab();
  const store = new MemoryBlobStore();
  const tree = treeOf(store, [fileNode(store, 'a', ['a'])]);
  const add = async (month: number, tag: string): Promise<string> => {
    const fields = { time: `2026-0${month}-02T03:04:05Z`, tags: ['app:shop', tag] };
    return storeSnapshot(await open(), { store, tree }, { fields });
  };
  await add(1, 'damaged');
  const newest = await add(2, 'partial');
  await add(3, 'proof');
  const latest = chooseSnapshot(await open(), 'latest', { app: 'shop' });
  await expect(latest).rejects.toMatchObject({
    code: 'REPOSITORY_NO_COMPLETE_SNAPSHOT',
    details: { newest, tags: ['partial'] },
  });
  const other = chooseSnapshot(await open(), 'latest', { app: 'other' });
  await expect(other).rejects.toMatchObject({ code: 'REPOSITORY_SNAPSHOT_NOT_FOUND' });
});

test('a snapshot whose time is yet to come is not `latest` without a word, as no later backup is newer', async () => {
  const { open } = await createLab();
  const store = new MemoryBlobStore();
  const tree = treeOf(store, [fileNode(store, 'a', ['a'])]);
  const add = async (time: string): Promise<string> =>
    storeSnapshot(await open(), { store, tree }, { fields: { time } });
  const future = await add('2031-01-01T00:00:00Z');
  const warnings: string[] = [];
  const latestAt = async (now: string): Promise<string> => {
    const options = { warn: (told: string) => warnings.push(told) };
    const clock = { now: () => new Date(now) };
    return (await chooseSnapshot(await open(), 'latest', { ...options, clock })).id;
  };
  expect(await latestAt('2026-02-01T00:00:00Z')).toBe(future); // there is no other
  const past = await add('2026-02-02T00:00:00Z');
  expect(await latestAt('2030-12-31T23:30:00Z')).toBe(future); // clocks differ by as much
  expect(warnings).toEqual([]);
  expect(await latestAt('2026-02-03T00:00:00Z')).toBe(future);
  expect(warnings).toEqual([expect.stringContaining(`yet to come`)]);
  expect(warnings[0]).toContain(past.slice(0, 8));
});
