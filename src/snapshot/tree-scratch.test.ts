import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scratchTrees } from '../../test/support/scratch-trees.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { TreeScratch } from './tree-scratch.ts';

function bytes(fill: number, length = 10_000): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

test('bytes come back as they were, in any order, as often as asked for', async () => {
  await using dir = await tempFolder();
  using scratch = new TreeScratch(dir.path);
  const kept = [1, 2, 3].map((fill) => scratch.keep(bytes(fill, fill * 5000)));
  for (const fill of [2, 1, 3, 1]) {
    expect(Buffer.compare(kept[fill - 1]!(), bytes(fill, fill * 5000))).toBe(0);
  }
  expect(readdirSync(dir.path)).toEqual([]);
});

test('few bytes stay in memory, and all where the disk takes none', async () => {
  await using dir = await tempFolder();
  using scratch = new TreeScratch(dir.path);
  expect(scratch.keep(bytes(1, 100))).toBeUndefined();
  using nowhere = new TreeScratch(dir.join('none'));
  expect(nowhere.keep(bytes(1))).toBeUndefined();
});

test('a file that is closed leaves nothing', async () => {
  await using dir = await tempFolder();
  const scratch = new TreeScratch(dir.path);
  scratch.keep(bytes(1));
  expect(scratchTrees(dir.path)).toMatch(/^\/proc/);
  scratch[Symbol.dispose]();
  expect(() => scratchTrees(dir.path)).toThrow();
});

test('a disk that gives other bytes than it took, or fewer, is an error', async () => {
  await using dir = await tempFolder();
  using scratch = new TreeScratch(dir.path);
  const [first, second] = [scratch.keep(bytes(1)), scratch.keep(bytes(2))];
  writeFileSync(scratchTrees(dir.path), bytes(1, 9_999), { flag: 'r+' });
  expect(first?.()).toEqual(bytes(1));
  writeFileSync(scratchTrees(dir.path), bytes(3, 1), { flag: 'r+' });
  expect(first).toThrow(expect.objectContaining({ code: 'SCRATCH_UNREADABLE' }));
  expect(second?.()).toEqual(bytes(2));
  truncateSync(scratchTrees(dir.path), 19_999);
  expect(second).toThrow(expect.objectContaining({ code: 'SCRATCH_UNREADABLE' }));
});

test('a disk that is given back is free, and the bytes are in memory', async () => {
  await using dir = await tempFolder();
  using scratch = new TreeScratch(dir.path);
  expect(scratch.giveBack()).toBe(false);
  const kept = [1, 2, 3].map((fill) => scratch.keep(bytes(fill, fill * 5000)));
  expect(scratch.giveBack()).toBe(true);
  expect(() => scratchTrees(dir.path)).toThrow();
  for (const fill of [2, 1, 3]) {
    expect(Buffer.compare(kept[fill - 1]!(), bytes(fill, fill * 5000))).toBe(0);
  }
  expect(scratch.keep(bytes(4))).toBeUndefined();
  expect(scratch.giveBack()).toBe(false);
});
