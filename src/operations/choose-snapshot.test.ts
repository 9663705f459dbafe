import { expect, test } from 'vitest';
import type { StoredSnapshot } from '../repository/repository.ts';
import { matchesFilter, pickById } from './choose-snapshot.ts';
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
