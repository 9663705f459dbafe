import { expect, test } from 'vitest';
import type { Node } from '../format/node.ts';
import { longLine, modeText, nodeMessage } from './node-text.ts';

const file: Node = {
  name: 'a',
  type: 'file',
  mode: 0o644,
  mtime: '2026-11-24T08:15:30.5Z',
  atime: '2026-11-24T08:15:30.5Z',
  ctime: '2026-11-24T08:15:30.5Z',
  uid: 0,
  gid: 33,
  content: [],
};

test('a mode reads as Go writes it: special bits from the highest down, then permissions', () => {
  expect(modeText(0o644)).toBe('-rw-r--r--');
  expect(modeText(2 ** 31 + 0o755)).toBe('drwxr-xr-x');
  expect(modeText(2 ** 31 + 2 ** 20 + 0o777)).toBe('dtrwxrwxrwx');
  expect(modeText(2 ** 27 + 0o777)).toBe('Lrwxrwxrwx');
  expect(modeText(2 ** 23 + 2 ** 22 + 0o755)).toBe('ugrwxr-xr-x');
  expect(modeText(2 ** 26 + 2 ** 21 + 0o620)).toBe('Dcrw--w----');
});

test('an inode beyond 2^53 keeps all its digits in JSON', () => {
  const inode = 2n ** 64n - 1n;
  expect(JSON.stringify(nodeMessage('/a', { ...file, inode }))).toContain(`"inode":${inode},`);
  expect(JSON.stringify(nodeMessage('/a', { ...file, inode: 7n }))).toContain('"inode":7,');
});

test('an empty file says its size, a link none; what is zero is left out as by restic', () => {
  expect(nodeMessage('/a', file)).toMatchObject({ size: 0, message_type: 'node' });
  expect(nodeMessage('/a', { ...file, type: 'symlink', content: null })).not.toHaveProperty('size');
  expect(nodeMessage('/a', { ...file, mode: 0 })).not.toHaveProperty('mode');
});

test('a path that is not UTF-8 comes with its bytes, any other without', () => {
  const bytes = Buffer.from('/a\xff', 'latin1').toString('base64');
  expect(nodeMessage('/a\udcff', file)).toMatchObject({ path_bytes: bytes });
  expect(nodeMessage('/ä😀', file)).not.toHaveProperty('path_bytes');
});

test('neither a name nor where a link points reaches the terminal raw', () => {
  const link: Node = { ...file, type: 'symlink', linkTarget: '\u001b[31m/etc', content: null };
  const line = longLine('/a\nb', link);
  expect(line).toContain('/a\\x0ab -> \\x1b[31m/etc');
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(line).not.toMatch(/[\u0000-\u001f]/);
});
