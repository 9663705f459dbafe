import { expect, test } from 'vitest';
import { createPathFilter } from './include-filter.ts';

// Meaning as in restic internal/filter/filter_test.go @ a80be14.
test.each([
  ['/a', '/a', true, true],
  ['/a', '/a/b/c', true, true],
  ['/a/b', '/a', false, true],
  ['/a/b', '/b', false, false],
  ['/a/b', '/a/c', false, false],
  ['/a/b/', '/a/b', true, true],
  ['/a//b/../c', '/a/c', true, true],
  ['b', '/a/b', true, true],
  ['b', '/a/c', false, true],
  ['b/c', '/a/b/c/d', true, true],
  ['b/c', '/a/b/d', false, true],
  ['*.jpg', '/x/y.jpg', true, true],
  ['/*.jpg', '/x/y.jpg', false, false],
  ['/a/**/c', '/a/c', true, true],
  ['/a/**/c', '/a/x/y/c', true, true],
  ['/a/**/c', '/a/x/y', false, true],
  ['/a/**/c', '/b/x', false, false],
  ['/a/**', '/a', true, true],
  ['**/c', '/a/b/c', true, true],
  ['/**', '/a', true, true],
  ['a/**/b/**/c', '/x/a/b/1/2/c', true, true],
  ['a/**/b/**/c', '/x/a/1/c', false, true],
  ['/[a-c]?z', '/bxz', true, true],
  ['/[^a-c]?z', '/bxz', false, false],
  ['/\\*', '/*', true, true],
  ['/\\*', '/x', false, false],
] as const)('include %s: %s is selected %s, looked into %s', (pattern, path, selected, descend) => {
  expect(createPathFilter({ include: [pattern] })(path)).toEqual({ selected, descend });
});

test('without patterns, or with empty ones, everything is selected', () => {
  const everything = { selected: true, descend: true };
  expect(createPathFilter({})('/a')).toEqual(everything);
  expect(createPathFilter({ include: [''], exclude: [''] })('/a')).toEqual(everything);
});

test('a ! takes back what patterns before it matched', () => {
  const filter = createPathFilter({ include: ['/a', '!/a/b', '/a/b/c'] });
  expect(filter('/a/x').selected).toBe(true);
  expect(filter('/a/b').selected).toBe(false);
  expect(filter('/a/b/c').selected).toBe(true);
});

test('what is excluded is not looked into, also within what is included', () => {
  const filter = createPathFilter({ include: ['/a'], exclude: ['*.tmp', '!keep.tmp'] });
  expect(filter('/a/x.tmp')).toEqual({ selected: false, descend: false });
  expect(filter('/a/keep.tmp').selected).toBe(true);
  expect(filter('/b')).toEqual({ selected: false, descend: false });
});

test('case matters', () => {
  expect(createPathFilter({ include: ['/A'] })('/a').selected).toBe(false);
});

test('a malformed pattern is refused', () => {
  expect(() => createPathFilter({ include: ['/a[b'] })).toThrow(
    expect.objectContaining({ code: 'SOURCE_BAD_PATTERN' }),
  );
});
