import { expect, test } from 'vitest';
import fc from 'fast-check';
import { isSameTime, timeFromNs, timeToNs } from './go-time.ts';

test.each([
  [0n, '1970-01-01T00:00:00Z'],
  [-1n, '1969-12-31T23:59:59.999999999Z'],
  [1_500_000_000_120_000_000n, '2017-07-14T02:40:00.12Z'],
  [1_763_856_930_123_456_789n, '2025-11-23T00:15:30.123456789Z'],
  [-62_167_219_200_000_000_000n, '0000-01-01T00:00:00Z'],
  [253_402_300_799_999_999_999n, '9999-12-31T23:59:59.999999999Z'],
])('%s ns is %s, and back', (ns, text) => {
  expect(timeFromNs(ns)).toBe(text);
  expect(timeToNs(text)).toBe(ns);
});

test('years that four digits cannot hold are moved into 0000 to 9999', () => {
  expect(timeFromNs(253_402_300_800_000_000_005n)).toBe('9999-01-01T00:00:00.000000005Z');
  expect(timeFromNs(-62_167_219_200_000_000_001n)).toBe('0000-12-31T23:59:59.999999999Z');
  expect(timeFromNs(2n ** 63n * 1_000_000_000n)).toMatch(/^9999-/);
  expect(timeFromNs(-(2n ** 63n) * 1_000_000_000n)).toMatch(/^0000-/);
});

test('an offset names the same instant', () => {
  const utc = timeToNs('2026-11-23T08:15:30.5Z');
  expect(timeToNs('2026-11-23T09:15:30.5+01:00')).toBe(utc);
  expect(timeToNs('2026-11-23T02:45:30.500000000-05:30')).toBe(utc);
});

test('two times are the same instant whatever zone they are written in', () => {
  expect(isSameTime('2026-11-23T08:15:30.5Z', '2026-11-23T09:15:30.500+01:00')).toBe(true);
  expect(isSameTime('2026-11-23T08:15:30.5Z', '2026-11-23T08:15:30.5+01:00')).toBe(false);
  expect(isSameTime('2026-11-23T08:15:30.5Z', '2026-11-23T08:15:30.500000001Z')).toBe(false);
  expect(isSameTime('2026-02-30T00:00:00Z', '2026-03-02T00:00:00Z')).toBe(false);
});

test.each([
  '',
  'yesterday',
  '2026-11-23',
  '2026-11-23T08:15:30',
  '2026-11-23 08:15:30Z',
  '2026-02-30T00:00:00Z',
  '2026-11-23T24:00:00Z',
  '2026-11-23T08:15:30.Z',
  '2026-11-23T08:15:30Z ',
])('%j is no time', (text) => {
  expect(() => timeToNs(text)).toThrow(SyntaxError);
});

test('every instant of the years 0000 to 9999 survives to the nanosecond', () => {
  const ns = fc.bigInt({ min: -62_167_219_200_000_000_000n, max: 253_402_300_799_999_999_999n });
  fc.assert(
    fc.property(ns, (instant) => {
      expect(timeToNs(timeFromNs(instant))).toBe(instant);
    }),
  );
});
