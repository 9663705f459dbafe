import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { fileSystemKind, freeSpace } from './file-system.ts';

test('/proc is known by its name, and neither of a network nor of a disk in memory', async () => {
  expect(await fileSystemKind('/proc')).toEqual({
    magic: 0x9fa0,
    name: 'proc',
    isNetwork: false,
    isTmpfs: false,
  });
});

test('free space is what an ordinary user may take', async () => {
  const { bsize, blocks } = await statfs(tmpdir());
  const free = await freeSpace(tmpdir());
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThan(bsize * blocks);
});
