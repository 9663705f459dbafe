import { expect, test } from 'vitest';
import { errorCatalogue, type ErrorCode } from './catalogue.ts';
import { KeepsakeError } from './keepsake-error.ts';

const codes = Object.keys(errorCatalogue) as ErrorCode[];

test.each(codes)('%s says what failed, and what to do next', (code) => {
  const error = new KeepsakeError(code, errorCatalogue[code].example as never);
  expect(error.message).not.toMatch(/undefined|\[object|\.$/);
  expect(error.hint).not.toMatch(/undefined|\[object/);
  expect(error.hint).toMatch(/[.?]$|`$|^$/);
  expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
});

test('a time in a message is that of this machine', () => {
  const startedAt = new Date(2026, 2, 9, 7, 5, 3).toISOString();
  for (const code of ['CHANGE_UNFINISHED', 'CHANGE_UNDER_WAY', 'REBUILD_UNFINISHED'] as const) {
    const error = new KeepsakeError(code, { ...errorCatalogue[code].example, startedAt } as never);
    expect(error.message).toContain('2026-03-09 07:05:03');
  }
});
