import { expect, test } from 'vitest';
import { localTime } from './local-time.ts';

test('a time is that of this machine', () => {
  const time = new Date(2026, 2, 9, 7, 5, 3).toISOString();
  expect(localTime(time)).toBe('2026-03-09 07:05:03');
});

test('what is no time stays as it is', () => {
  expect(localTime('yesterday')).toBe('yesterday');
  expect(localTime('')).toBe('');
});
