import { readFile, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { fileSystemKind, freeSpace, typeOfMount } from './file-system.ts';

test('/proc is known by its name, and neither of a network nor of a disk in memory', async () => {
  expect(await fileSystemKind('/proc')).toEqual({
    magic: 0x9fa0,
    name: 'proc',
    isNetwork: false,
    isOnThisMachine: false,
    isTmpfs: false,
  });
});

test('free space is what an ordinary user may take', async () => {
  const { bsize, blocks } = await statfs(tmpdir());
  const free = await freeSpace(tmpdir());
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThan(bsize * blocks);
});

test('the type of a mount is found by its device number', async () => {
  const table = [
    '24 30 0:22 / /proc rw,nosuid shared:13 - proc proc rw',
    '99 30 0:1048 / /mnt/my\\040files rw shared:1 master:2 - fuse.sshfs user@host:/ rw,user_id=0',
    '30 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
  ].join('\n');
  expect(typeOfMount(table, 22n)).toBe('proc');
  expect(typeOfMount(table, 0x400018n)).toBe('fuse.sshfs');
  expect(typeOfMount(table, 0xfe00n)).toBe('ext4');
  expect(typeOfMount(table, 7n)).toBeUndefined();
  const own = await readFile('/proc/self/mountinfo', 'utf8');
  const { dev } = await stat('/proc', { bigint: true });
  expect(typeOfMount(own, dev)).toBe('proc');
});
