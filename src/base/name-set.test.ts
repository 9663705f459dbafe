import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NameSet, NameSetFamily } from './name-set.ts';

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

type Step = [set: number, what: 'add' | 'clear', name: string];

test('sets of one family are as sets of their own, however many, and whatever is cleared', () => {
  const step = fc.tuple(
    fc.nat(39),
    fc.constantFrom<Step[1]>('add', 'add', 'add', 'add', 'clear'),
    fc.oneof(fc.constantFrom('a', 'b', 'ä', '🎁', '\uDC80'), fc.string()),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps: Step[]) => {
      const family = new NameSetFamily();
      const sets = Array.from({ length: 40 }, () => family.newSet());
      const expected = Array.from({ length: 40 }, () => new Set<string>());
      for (const [at, what, name] of steps) {
        sets[at]?.[what](name);
        expected[at]?.[what](name);
      }
      for (const [at, set] of sets.entries()) {
        const wanted = expected[at] ?? new Set();
        expect(set.size).toBe(wanted.size);
        expect(new Set(set)).toEqual(wanted);
        for (const [, , name] of steps) expect(set.has(name)).toBe(wanted.has(name));
      }
    }),
  );
});

test('what sets of one family have in common comes in the order in which it first came', () => {
  const family = new NameSetFamily();
  const [files, named] = [family.newSet(), family.newSet()];
  for (const name of ['a', 'b', 'c']) files.add(name);
  for (const name of ['d', 'c', 'a']) named.add(name);
  expect([...named]).toEqual(['a', 'c', 'd']);
});
