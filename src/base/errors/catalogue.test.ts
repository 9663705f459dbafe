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
