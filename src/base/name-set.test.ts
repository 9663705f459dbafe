import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NameSet } from './name-set.ts';

/** With lone surrogates, as names that are not UTF-8 have. */
const names = fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('\uDC80')));

test('it has what was added and nothing else, in that order', () => {
  fc.assert(
    fc.property(names, names, (added, others) => {
      const set = new NameSet(added);
      const expected = new Set(added);
      expect(set.size).toBe(expected.size);
      expect([...set]).toEqual([...expected]);
      for (const name of [...added, ...others]) expect(set.has(name)).toBe(expected.has(name));
    }),
  );
});

test('a hundred thousand names, some of them long, are told apart', () => {
  const long = (n: number): string => `${n}${'ä🎁'.repeat(n % 1000 === 0 ? 70_000 : 0)}`;
  const set = new NameSet();
  for (let n = 0; n < 100_000; n += 1) set.add(long(n));
  for (let n = 0; n < 100_000; n += 997) set.add(long(n));
  expect(set.size).toBe(100_000);
  for (let n = 0; n < 100_000; n += 1000) expect(set.has(long(n))).toBe(true);
  for (let n = 1; n < 100_000; n += 1000) expect(set.has(long(n))).toBe(true);
  expect(set.has('100000')).toBe(false);
  expect(set.has(long(1000).slice(0, -1))).toBe(false);
});

test('a text of one byte a character is not one of two with the same bytes', () => {
  const set = new NameSet(['a\0']);
  expect(set.has('a')).toBe(false);
  expect(set.has('\u0061\u0000')).toBe(true);
  expect(set.has('慡')).toBe(false);
});
