import { expect, test } from 'vitest';
import { chooseTime, timeInName } from './import-time.ts';

const local = (...fields: [number, number, number, number?, number?, number?]) => {
  const [y, mo, d, h = 0, mi = 0, s = 0] = fields;
  return new Date(y, mo - 1, d, h, mi, s);
};

test.each<[string, Date]>([
  ['wishlist-backup-20251124.tar.gz', local(2025, 11, 24)],
  ['prod.db.backup-20251124', local(2025, 11, 24)],
  ['wishlist_2025-11-24.tgz', local(2025, 11, 24)],
  ['wishlist-20251124-0315.tar.gz', local(2025, 11, 24, 3, 15)],
  ['wishlist-20251124_031530.tar', local(2025, 11, 24, 3, 15, 30)],
  ['wishlist-2025-11-24T03:15:30.tar', local(2025, 11, 24, 3, 15, 30)],
  ['20251124031530.tar', local(2025, 11, 24, 3, 15, 30)],
  ['w-20251124T031530Z.tar', new Date('2025-11-24T03:15:30Z')],
])('%s tells its time', (name, time) => {
  expect(timeInName(name)?.time).toEqual(time);
});

test.each([
  'prod.db.bak',
  'photo-1795387581064.webp',
  'x-20251324.tar',
  'x-20250230.tar',
  'v2.0251124',
])('%s tells none', (name) => {
  expect(timeInName(name)).toBeUndefined();
});

const clues = {
  flag: undefined,
  name: 'wishlist.tar.gz',
  databaseMs: local(2025, 11, 24, 3).getTime(),
  memberMs: local(2025, 11, 24, 4).getTime(),
  fileMs: local(2025, 12, 1).getTime(),
  now: local(2026, 1, 1),
};

test('the time is that of the flag, else the name, else the database, else the newest member, else the file', () => {
  const flag = local(2024, 1, 2);
  const name = 'w-20251101.tar.gz';
  const without = { ...clues, databaseMs: undefined };
  expect(chooseTime({ ...clues, name, flag })).toEqual({ time: flag, source: 'flag' });
  expect(chooseTime({ ...clues, name })).toEqual({ time: local(2025, 11, 1), source: 'name' });
  expect(chooseTime(clues)).toEqual({ time: local(2025, 11, 24, 3), source: 'database' });
  expect(chooseTime(without)).toEqual({ time: local(2025, 11, 24, 4), source: 'member' });
  expect(chooseTime({ ...without, memberMs: undefined })).toEqual({
    time: local(2025, 12, 1),
    source: 'file',
  });
});

test('a name that tells the day is made exact by a database of that day', () => {
  const { time } = chooseTime({ ...clues, name: 'w-20251124.tar.gz' });
  expect(time).toEqual(local(2025, 11, 24, 3));
});

test('a time in the future is not believed', () => {
  const future = local(2027, 1, 1).getTime();
  expect(chooseTime({ ...clues, name: 'w-20270101.tar' }).source).toBe('database');
  expect(chooseTime({ ...clues, databaseMs: future, memberMs: future }).source).toBe('file');
});
