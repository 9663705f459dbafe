import { expect, test } from 'vitest';
import { describeSitting } from './machine.ts';

const quiet = { startedAt: '', loadAverage: 0.2, busyShare: 0.01, createUs: 44 };

test('a quiet machine gives no warning', () => {
  expect(describeSitting(quiet)).toBe(
    'load average 0.20, processors 1 % busy, a file created in 44 µs',
  );
});

test('a load, and a file system that still remembers removals, are warned of', () => {
  expect(describeSitting({ ...quiet, loadAverage: 0.6 })).toMatch(/WARNING: a load above 0.5/);
  expect(describeSitting({ ...quiet, createUs: 400 })).toMatch(/WARNING: creating files/);
});
