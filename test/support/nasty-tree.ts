/**
 * A folder with everything a file system may hold that a backup gets wrong easily. Laid out as
 * root; what the system does not permit (device nodes in a container) is left out and not reported
 * as laid out.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  openSync,
  closeSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { makeFifo, tryMakeNode, trySetXattr } from './posix.ts';
import { bytes, ByteTree, utf8 } from './byte-tree.ts';

export type NastyFeature =
  | 'modes'
  | 'times'
  | 'names'
  | 'non-utf8-names'
  | 'symlinks'
  | 'non-utf8-link-target'
  | 'hard-links'
  | 'hard-linked-symlinks'
  | 'fifo'
  | 'socket'
  | 'devices'
  | 'xattrs'
  | 'acl'
  | 'sparse'
  | 'large'
  | 'many';

export interface NastyOptions {
  /** Left out, e.g. `non-utf8-link-target` where restic 0.14 is to read it. */
  readonly without?: readonly NastyFeature[];
  /** Files in the folder of many small ones. Default 300. */
  readonly manyCount?: number;
}

/** What restic 0.14 cannot bring back: it restores no sockets and no links between symlinks. */
export const lostByRestic014: readonly NastyFeature[] = [
  'socket',
  'hard-linked-symlinks',
  'non-utf8-link-target',
];

const S_IFBLK = 0o060000;
const S_IFCHR = 0o020000;
const S_IFSOCK = 0o140000;

/** Lays the tree out in `root` (made if absent) and tells which features are really there. */
export function layOutNastyTree(
  root: string,
  { without = [], manyCount = 300 }: NastyOptions = {},
): Set<NastyFeature> {
  const tree = new ByteTree(root);
  const there = new Set<NastyFeature>();
  const features: [NastyFeature, () => unknown][] = [
    ['modes', () => layOutModes(tree)],
    ['times', () => layOutTimes(tree)],
    ['names', () => layOutNames(tree)],
    ['non-utf8-names', () => layOutForeignNames(tree)],
    ['symlinks', () => layOutSymlinks(tree)],
    ['non-utf8-link-target', () => tree.symlink('links/foreign target', bytes('nowhere-\xff\xfe'))],
    ['hard-links', () => layOutHardLinks(tree)],
    ['hard-linked-symlinks', () => layOutHardLinkedSymlinks(tree)],
    ['fifo', () => makeFifo(tree.add('special/fifo'), 0o640)],
    ['socket', () => tryMakeNode(tree.add('special/socket'), S_IFSOCK, 0n)],
    ['devices', () => layOutDevices(tree)],
    ['xattrs', () => layOutXattrs(tree)],
    ['acl', () => layOutAcl(tree)],
    ['sparse', () => layOutSparse(tree)],
    ['large', () => tree.file('large/random 6 MB', randomBytes(6_000_000))],
    ['many', () => layOutMany(tree, manyCount)],
  ];
  tree.file('empty file', '');
  tree.folder('empty folder');
  for (const [feature, layOut] of features) {
    if (without.includes(feature)) continue;
    if (layOut() !== false) there.add(feature);
  }
  tree.setTimes();
  return there;
}

function layOutModes(tree: ByteTree): void {
  const modes = [0o000, 0o400, 0o644, 0o755, 0o777, 0o1644, 0o2755, 0o4755, 0o6711, 0o7777];
  for (const mode of modes) {
    const name = mode.toString(8).padStart(4, '0');
    const file = tree.file(`modes/file-${name}`, name);
    const folder = tree.folder(`modes/folder-${name}`);
    tree.file(`modes/folder-${name}/inside`, 'x');
    for (const path of [file, folder]) {
      chownSync(path, 1234, 4321); // takes setuid away, so the mode comes after it
      chmodSync(path, mode);
    }
  }
  chownSync(tree.file('modes/large ids', ''), 3_000_000_000, 4_294_967_294);
}

function layOutTimes(tree: ByteTree): void {
  tree.fileOfTime('times/1970', 0n);
  tree.fileOfTime('times/before 1970', -86_400_000_000_001n);
  tree.fileOfTime('times/one nanosecond', 1_700_000_000_000_000_001n);
  tree.fileOfTime('times/last nanosecond', 1_700_000_000_999_999_999n);
  tree.fileOfTime('times/2200', 7_258_118_400_000_000_100n);
}

function layOutNames(tree: ByteTree): void {
  const names = [
    '-rf',
    '--',
    '--target=elsewhere',
    '-1795387581064.webp',
    ' leading and trailing ',
    'new\nline',
    'tab\tand\rreturn',
    `"double" and 'single'`,
    'back\\slash and \\x41 and \\u0041 and \\101',
    '$HOME `id` *?[a-z]{x} ; & | < > #',
    'control \x01\x07\x1b[31m\x7f',
    '...',
    '.hidden',
    'a'.repeat(255),
    ...['größe', 'cafe\u0301 and caf\u00e9', '日本語', '🎁👨‍👩‍👧', 'אבג \u202eltr', '\ufeffbom'].map(
      utf8,
    ),
    ...['line\u2028separator', 'nel\u0085', 'nbsp\u00a0', '\ufffd replacement', '\u00ad'].map(utf8),
    utf8('é'.repeat(127)) + 'x',
    '<html>&amp;',
  ];
  for (const name of names) tree.file(`names/${name}`, name);
  tree.folder(`names/folder ${utf8('ö')}\n"quoted"`);
  tree.file(`names/folder ${utf8('ö')}\n"quoted"/inside`, 'inside');
}

function layOutForeignNames(tree: ByteTree): void {
  const names = [
    'latin1 gr\xf6\xdfe',
    '\xff',
    '\xc0\xaf overlong',
    '\xed\xa0\x80 surrogate',
    'cut \xe2\x82',
    '\xf5\x80\x80\x80',
    'mixed \xff' + utf8('ö') + '\n',
  ];
  for (const name of names) tree.file(`foreign names/${name}`, name);
  tree.file('foreign names/folder \xfe/inside', 'inside');
}

function layOutSymlinks(tree: ByteTree): void {
  tree.file('links/target', 'target');
  tree.symlink('links/to file', 'target');
  tree.symlink('links/to folder', '../many');
  tree.symlink('links/absolute', '/etc/hostname');
  tree.symlink('links/dangling', 'no/such/thing');
  tree.symlink('links/to itself', 'to itself');
  tree.symlink('links/long', `${'x/'.repeat(1000)}end`);
  tree.symlink('links/odd target', '-rf "new\nline" größe');
  lchownSync(tree.full('links/dangling'), 1234, 4321);
}

function layOutHardLinks(tree: ByteTree): void {
  const first = tree.file('hard links/first', 'one content, three names');
  linkSync(first, tree.add('hard links/second'));
  linkSync(first, tree.add('hard links/elsewhere/third'));
  const other = tree.file('hard links/another', 'one content, three names');
  linkSync(other, tree.add('hard links/another again'));
}

function layOutHardLinkedSymlinks(tree: ByteTree): void {
  tree.symlink('hard links/link', 'first');
  linkSync(tree.full('hard links/link'), tree.add('hard links/link again'));
}

function layOutDevices(tree: ByteTree): boolean {
  if (!tryMakeNode(tree.full('character device'), S_IFCHR, makeDevice(1, 3))) return false;
  tree.add('character device');
  tryMakeNode(tree.add('special/disk'), S_IFBLK, makeDevice(8, 1));
  return tryMakeNode(tree.add('special/large minor'), S_IFBLK, makeDevice(259, 300));
}

/** As glibc's sys/sysmacros.h, for numbers below 4096 and 2^20. */
function makeDevice(major: number, minor: number): bigint {
  return BigInt((major << 8) | (minor & 0xff) | ((minor & ~0xff) << 12));
}

function layOutXattrs(tree: ByteTree): boolean {
  const file = tree.file('xattrs/file', 'with attributes');
  if (!trySetXattr(file, 'user.text', bytes('value'))) return false;
  trySetXattr(file, 'user.binary', Uint8Array.of(0, 255, 10, 0));
  trySetXattr(file, 'user.empty', new Uint8Array(0));
  trySetXattr(file, 'user.long', randomBytes(1000));
  trySetXattr(tree.folder('xattrs/folder'), 'user.on a folder', bytes('value'));
  return true;
}

/**
 * linux/posix_acl_xattr.h: version 2 (u32 LE), then per entry tag u16, permissions u16, id u32.
 * Here: owner rw, user 1234 r, group r, mask rw, others none.
 */
function layOutAcl(tree: ByteTree): boolean {
  const NO_ID = 0xffff_ffff;
  const entries = [
    [0x01, 6, NO_ID],
    [0x02, 4, 1234],
    [0x04, 4, NO_ID],
    [0x10, 6, NO_ID],
    [0x20, 0, NO_ID],
  ] as const;
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2, 0);
  for (const [at, [tag, permissions, id]] of entries.entries()) {
    value.writeUInt16LE(tag, 4 + at * 8);
    value.writeUInt16LE(permissions, 6 + at * 8);
    value.writeUInt32LE(id, 8 + at * 8);
  }
  const file = trySetXattr(tree.file('acl/file', 'shared'), 'system.posix_acl_access', value);
  const folder = tree.folder('acl/folder');
  return file && trySetXattr(folder, 'system.posix_acl_default', value);
}

function layOutSparse(tree: ByteTree): void {
  const path = tree.file('sparse/hole between', 'start');
  const fd = openSync(path, 'r+');
  writeSync(fd, 'end', 8_000_000);
  closeSync(fd);
  truncateSync(path, 9_000_000);
  truncateSync(tree.file('sparse/only a hole', ''), 5_000_000);
}

function layOutMany(tree: ByteTree, count: number): void {
  for (let at = 0; at < count; at += 1) {
    tree.file(`many/${at.toString().padStart(5, '0')}.webp`, randomBytes(20 + (at % 700)));
  }
}
