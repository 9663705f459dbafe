import { expect, test } from 'vitest';
import { hasWalResetBug } from './capture-warnings.ts';

test.each([
  [3_006_023, false],
  [3_007_000, true],
  [3_040_001, true],
  [3_044_005, true],
  [3_044_006, false],
  [3_045_000, true],
  [3_050_006, true],
  [3_050_007, false],
  [3_051_000, true],
  [3_051_002, true],
  [3_051_003, false],
  [3_053_000, false],
])('SQLite %i has the WAL-reset bug: %s', (versionNumber, expected) => {
  expect(hasWalResetBug(versionNumber)).toBe(expected);
});
