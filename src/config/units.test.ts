import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

test.each([
  ['2s', 2000],
  ['2 s', 2000],
  ['1.5 s', 1500],
  ['500ms', 500],
  ['5 min', 300_000],
  ['1h', 3_600_000],
  ['2 d', 172_800_000],
])('%s is %d ms', (text, durationMs) => {
  expect(parseDuration(text)).toBe(durationMs);
});

test.each(['', '2', 's', '-2s', '2  s', '2m', '2 S', '1e3s', ' 2s', '2s ', '0x2s'])(
  '"%s" is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test('sizes know powers of 1024 and of 1000, and nothing without a unit', () => {
  expect(['64 MiB', '1KiB', '10 GB', '7 B', '1.5 GiB'].map(parseSize)).toEqual([
    67_108_864, 1024, 10_000_000_000, 7, 1_610_612_736,
  ]);
  expect(['64', '64M', '64 mib', 'MiB', '-1 B'].map(parseSize)).toEqual(Array(5).fill(undefined));
});

test('what is written can be read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), (value) => {
      expect(parseDuration(formatDuration(value))).toBe(value);
      expect(parseSize(formatSize(value))).toBe(value);
    }),
  );
  expect([90_000, 120_000, 5].map(formatDuration)).toEqual(['90s', '2 min', '5 ms']);
  expect([2 ** 24, 1000].map(formatSize)).toEqual(['16 MiB', '1000 B']);
});
