import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StringSet } from './string-set.ts';

test('a string set has what was added and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (added, others) => {
      const set = new StringSet();
      for (const text of added) set.add(text);
      const model = new Set(added);
      expect(set.size).toBe(model.size);
      for (const text of [...added, ...others]) expect(set.has(text)).toBe(model.has(text));
    }),
  );
});

test('a hundred thousand paths that differ in a digit are told apart', () => {
  const set = new StringSet();
  for (let at = 0; at < 100_000; at += 1) set.add(`/srv/app/uploads/${at}.webp`);
  expect(set.size).toBe(100_000);
  for (let at = 100_000; at < 200_000; at += 1) {
    expect(set.has(`/srv/app/uploads/${at}.webp`)).toBe(false);
  }
});
