import { expect, test } from 'vitest';
import { isOnPath, isRequired, requireTool } from './require-tool.ts';

test('CI requires every tool, a list only what it names', () => {
  expect(isRequired('restic', { CI: 'true' })).toBe(true);
  expect(isRequired('restic', { KEEPSAKE_TEST_REQUIRED: 'all' })).toBe(true);
  expect(isRequired('restic', { KEEPSAKE_TEST_REQUIRED: 'root, restic' })).toBe(true);
  expect(isRequired('restic', { KEEPSAKE_TEST_REQUIRED: 'root' })).toBe(false);
  expect(isRequired('restic', { CI: 'false' })).toBe(false);
  expect(isRequired('restic', {})).toBe(false);
});

test('a missing tool is a skip here and a failure where it is required', () => {
  const before = process.env['KEEPSAKE_TEST_REQUIRED'];
  expect(isOnPath('cat')).toBe(true);
  expect(requireTool('cat')).toBe(true);
  try {
    process.env['KEEPSAKE_TEST_REQUIRED'] = 'no-such-tool';
    expect(() => requireTool('no-such-tool')).toThrow(/required here: no-such-tool/);
  } finally {
    if (before === undefined) delete process.env['KEEPSAKE_TEST_REQUIRED'];
    else process.env['KEEPSAKE_TEST_REQUIRED'] = before;
  }
});
