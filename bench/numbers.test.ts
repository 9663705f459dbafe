import { expect, test } from 'vitest';
import { median, ratioOf, renderTable, rotate, showBytes, showMs } from './numbers.ts';

test('the median is the middle one, or half way between the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([1, 2, 4, 100])).toBe(3);
  expect(median([])).toBeUndefined();
});

test('a ratio needs both of its values', () => {
  expect(ratioOf(1, 4)).toBe(0.25);
  expect(ratioOf(undefined, 4)).toBeUndefined();
  expect(ratioOf(1, undefined)).toBeUndefined();
  expect(ratioOf(1, 0)).toBeUndefined();
});

test('in as many rounds as there are tools each is the first once', () => {
  const rounds = [0, 1, 2, 3].map((at) => rotate(['a', 'b', 'c', 'd'], at).join(''));
  expect(rounds).toEqual(['abcd', 'bcda', 'cdab', 'dabc']);
  expect(rotate(['a', 'b'], 5)).toEqual(['b', 'a']);
  expect(rotate([], 3)).toEqual([]);
});

test('times and sizes are written with the unit that suits them', () => {
  expect([0.0187, 0.6526, 7.828, 99.4, 2680].map(showMs)).toEqual([
    '18.7 µs',
    '653 µs',
    '7.83 ms',
    '99 ms',
    '2.68 s',
  ]);
  expect(showMs(-1500)).toBe('-1.50 s');
  expect([7700, 440_000, 1.74e6, 91e6, 4.03e9].map(showBytes)).toEqual([
    '7.7 kB',
    '0.44 MB',
    '1.74 MB',
    '91 MB',
    '4.03 GB',
  ]);
});

test('a table has a line below its head', () => {
  expect(renderTable(['', 'x'], [['a', '1']])).toBe('|  | x |\n| --- | --- |\n| a | 1 |');
});
