import { expect, test } from 'vitest';
import { actsWithLowMemory } from './low-memory.ts';

const acts = ['first backup', 'unchanged again', 'restore', 'check --read-data'] as const;

test('an act whose command does not take the flag is left out', () => {
  expect(actsWithLowMemory(acts, new Set(['backup', 'restore']))).toEqual([
    'first backup',
    'unchanged again',
    'restore',
  ]);
});

test('without a backup there is nothing to restore or check', () => {
  expect(actsWithLowMemory(acts, new Set(['restore', 'check']))).toEqual([]);
});
