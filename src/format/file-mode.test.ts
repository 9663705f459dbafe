import { expect, test } from 'vitest';
import { modeFromStat, statModeFromMode } from './file-mode.ts';

// The right-hand numbers are those restic 0.14 stored for such files.
test.each([
  [0o100644, 'file', 420],
  [0o104711, 'file', 8_389_065],
  [0o043775, 'dir', 2_152_727_037],
  [0o040755, 'dir', 2_147_484_141],
  [0o120777, 'symlink', 134_218_239],
  [0o060600, 'dev', 67_109_248],
  [0o020600, 'chardev', 69_206_400],
  [0o010644, 'fifo', 33_554_852],
  [0o140755, 'socket', 16_777_709],
  [0o030600, 'irregular', 524_672],
])('st_mode %o is stored as Go stores it', (stMode, type, mode) => {
  expect(modeFromStat(stMode)).toEqual({ type, mode });
  expect(statModeFromMode(mode)).toBe(stMode & 0o7777);
});
