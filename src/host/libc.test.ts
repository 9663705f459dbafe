import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { requireRoot } from '../../test/support/require-tool.ts';
import { fsPath } from '../base/raw-name.ts';
import {
  getXattr,
  listXattrs,
  makeFifo,
  makeNode,
  removeXattr,
  setTimesNs,
  setXattr,
} from './libc.ts';
import { errnoCode } from './system-call-error.ts';

test('extended attributes come back as they were set, empty and binary ones too', async () => {
  await using dir = await tempFolder();
  const path = dir.join('latin1 \udcf6');
  writeFileSync(fsPath(path), 'x');
  const values = {
    'user.text': Buffer.from('value'),
    'user.empty': new Uint8Array(0),
    'user.größe': Uint8Array.of(0, 255, 10),
    'user.\udcff': Uint8Array.of(1),
    'user.long': new Uint8Array(3000).fill(7),
  };
  for (const [name, value] of Object.entries(values)) setXattr(path, name, value);
  expect(listXattrs(path).sort()).toEqual(Object.keys(values).sort());
  for (const [name, value] of Object.entries(values)) {
    expect(Buffer.from(getXattr(path, name) ?? [9])).toEqual(Buffer.from(value));
  }
  removeXattr(path, 'user.text');
  expect(getXattr(path, 'user.text')).toBeUndefined();
  expect(listXattrs(path)).toHaveLength(4);
});

test('a value outlives the next call', async () => {
  await using dir = await tempFolder();
  setXattr(dir.path, 'user.a', Buffer.from('first'));
  setXattr(dir.path, 'user.b', Buffer.from('other'));
  const first = getXattr(dir.path, 'user.a');
  getXattr(dir.path, 'user.b');
  expect(Buffer.from(first ?? []).toString()).toBe('first');
});

test('where the file system has no attributes the list is empty', () => {
  expect(listXattrs('/proc/self/status')).toEqual([]);
});

test.each([
  [0n, 0n],
  [-1n, -1_000_000_000n],
  [-1_000_000_001n, 1_700_000_000_123_456_789n],
  [1_999_999_999n, 7_258_118_400_000_000_001n],
])('times are set to the nanosecond: %s and %s', async (atimeNs, mtimeNs) => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, '');
  setTimesNs(path, atimeNs, mtimeNs);
  expect(lstatSync(path, { bigint: true })).toMatchObject({ atimeNs, mtimeNs });
});

test('a symbolic link is not followed', async () => {
  await using dir = await tempFolder();
  const [target, link] = [dir.join('target'), dir.join('link')];
  mkdirSync(target);
  setXattr(target, 'user.a', Buffer.from('x'));
  symlinkSync('target', link);
  const before = lstatSync(target, { bigint: true }).mtimeNs;
  setTimesNs(link, 5n, 7n);
  expect(lstatSync(link, { bigint: true }).mtimeNs).toBe(7n);
  expect(lstatSync(target, { bigint: true }).mtimeNs).toBe(before);
  expect(listXattrs(link)).toEqual([]);
});

test('a FIFO is made', async () => {
  await using dir = await tempFolder();
  makeFifo(dir.join('fifo'), 0o600);
  expect(lstatSync(dir.join('fifo')).isFIFO()).toBe(true);
});

test.skipIf(!requireRoot())('a device node has its 64-bit number', async (context) => {
  await using dir = await tempFolder();
  const device = 0x12345n; // major 291, minor 69 + 256 * 18, as makedev(3) packs them
  try {
    makeNode(dir.join('device'), 0o020600, device);
  } catch (error) {
    context.skip(errnoCode(error) === 'EPERM', 'device nodes are not permitted here');
    throw error;
  }
  const stats = lstatSync(dir.join('device'), { bigint: true });
  expect([stats.isCharacterDevice(), stats.rdev]).toEqual([true, device]);
});

test('a refusal names the call, the path and the errno, as node:fs does', () => {
  const path = '/no/such/\nthing';
  for (const [syscall, call] of [
    ['llistxattr', () => listXattrs(path)],
    ['lgetxattr', () => getXattr(path, 'user.a')],
    ['lsetxattr', () => setXattr(path, 'user.a', new Uint8Array(1))],
    ['utimensat', () => setTimesNs(path, 0n, 0n)],
    ['mkfifo', () => makeFifo(path, 0o600)],
  ] as const) {
    expect(call).toThrowError(
      expect.objectContaining({
        code: 'ENOENT',
        errno: -2,
        syscall,
        path,
        message: `ENOENT: no such file or directory, ${syscall} '/no/such/\\x0athing'`,
      }),
    );
  }
});

test('a path that C would cut short is refused', () => {
  expect(() => listXattrs('/tmp\0/x')).toThrowError(expect.objectContaining({ code: 'EINVAL' }));
  expect(() => setXattr('/tmp', 'user.a\0b', new Uint8Array(1))).toThrowError(
    expect.objectContaining({ code: 'EINVAL' }),
  );
});
