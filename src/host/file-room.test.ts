import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { preallocate, punchHole } from './file-room.ts';

const MIB = 1 << 20;

async function openFile(flags: string): Promise<{ fd: number; path: string }> {
  const folder = await tempFolder();
  const path = folder.join('file');
  closeSync(openSync(path, 'w'));
  const fd = openSync(path, flags);
  onTestFinished(async () => {
    closeSync(fd);
    await folder[Symbol.asyncDispose]();
  });
  return { fd, path };
}

const roomOf = (fd: number): number => fstatSync(fd).blocks * 512;

test('room is set aside while the size stays, and holes give theirs back', async () => {
  const { fd, path } = await openFile('w');
  expect(preallocate(fd, 4 * MIB)).toBe(true);
  expect(fstatSync(fd).size).toBe(0);
  expect(roomOf(fd)).toBeGreaterThanOrEqual(4 * MIB);
  ftruncateSync(fd, 4 * MIB);
  writeSync(fd, Buffer.alloc(MIB, 1), 0, MIB, MIB);
  punchHole(fd, 2 * MIB, 2 * MIB);
  expect(roomOf(fd)).toBeLessThan(3 * MIB);
  const expected = Buffer.alloc(4 * MIB).fill(1, MIB, 2 * MIB);
  expect(readFileSync(path).equals(expected)).toBe(true);
});

test('where there is too little room nothing is kept', async () => {
  const { fd } = await openFile('w');
  expect(preallocate(fd, 2 ** 43)).toBe(false);
  expect(roomOf(fd)).toBe(0);
});
