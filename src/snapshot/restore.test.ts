/** What of a snapshot comes back: content, metadata and names; in what target. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fifoNode, linkNode, makeNode, treeOf } from '../../test/support/tree-builder.ts';
import { decodeRawName, encodeRawName, fsPath } from '../base/raw-name.ts';
import { getXattr, listXattrs, setXattr } from '../host/libc.ts';
import { useRestoreLab } from '../../test/support/restore-lab.ts';
import { restoreSnapshot } from './restore.ts';

const lab = useRestoreLab();
const { at, file, folder, restore } = lab;

const mtimeNs = (path: string) => lstatSync(path, { bigint: true }).mtimeNs;
const isRoot = process.getuid?.() === 0;
const raw = (text: string) => decodeRawName(Buffer.from(text, 'latin1'));

test('content, mode, times to the nanosecond and folders come back', async () => {
  const { totals, errors } = await restore([
    folder(
      'app',
      [
        file('a.txt', ['hello ', 'world'], { permissions: 0o640 }),
        file('empty', []),
        file('tool', ['#!'], { permissions: 0o6755 }),
      ],
      { permissions: 0o1777, mtime: '2001-02-03T04:05:06.000000007Z' },
    ),
  ]);
  expect(errors).toEqual([]);
  expect(readFileSync(at('app/a.txt'), 'utf8')).toBe('hello world');
  expect(statSync(at('app/a.txt')).mode & 0o7777).toBe(0o640);
  expect(statSync(at('app/tool')).mode & 0o7777).toBe(0o6755);
  expect(statSync(at('app')).mode & 0o7777).toBe(0o1777);
  expect(statSync(at('app/empty')).size).toBe(0);
  expect(mtimeNs(at('app/a.txt'))).toBe(1_714_979_289_123_456_789n);
  expect(mtimeNs(at('app'))).toBe(981_173_106_000_000_007n);
  expect(totals).toMatchObject({ filesRestored: 3, folders: 1, bytesRestored: 13, errors: 0 });
});

test('names of any bytes come back: dash, newline, quotes, not UTF-8, 255 bytes', async () => {
  const names = ['-rf', 'new\nline', `'"\\`, raw('caf\xe9'), 'x'.repeat(255), '\u2028', '日本'];
  await restore(names.map((name) => file(name, [encodeRawName(name)])));
  const found = readdirSync(lab.target, { encoding: 'buffer' }).map((name) => decodeRawName(name));
  expect(found.toSorted()).toEqual(names.toSorted());
  for (const name of names) {
    const content = readFileSync(fsPath(`${lab.target}/${name}`));
    expect(content.equals(encodeRawName(name))).toBe(true);
  }
});

test('symbolic links come back as they are, dangling or not UTF-8, with their own times', async () => {
  const odd = raw('\xff\xfe/gone');
  const { errors } = await restore([
    linkNode('abs', '/etc/passwd'),
    linkNode('odd', odd, { mtime: '1999-12-31T23:59:59.5Z' }),
  ]);
  expect(errors).toEqual([]);
  expect(readlinkSync(at('abs'))).toBe('/etc/passwd');
  expect(decodeRawName(readlinkSync(at('odd'), { encoding: 'buffer' }))).toBe(odd);
  expect(mtimeNs(at('odd'))).toBe(946_684_799_500_000_000n);
});

test('FIFOs are made, sockets are left out', async () => {
  const { errors, actions } = await restore([
    fifoNode('pipe', { permissions: 0o620 }),
    makeNode('sock', 0o140000),
  ]);
  expect(errors).toEqual([]);
  expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
  expect(lstatSync(at('pipe')).mode & 0o777).toBe(0o620);
  expect(actions['/sock']).toBe('skipped');
  expect(existsSync(at('sock'))).toBe(false);
});

test.runIf(isRoot)('owners are restored by number, links included', async () => {
  await restore([
    folder('d', [file('f', ['x'], { uid: 4_000_000_000, gid: 54_321, permissions: 0o4755 })], {
      uid: 12_345,
      gid: 54_321,
    }),
    linkNode('l', 'd', { uid: 12_345, gid: 1 }),
  ]);
  expect(statSync(at('d/f'))).toMatchObject({ uid: 4_000_000_000, gid: 54_321 });
  expect(statSync(at('d/f')).mode & 0o7777).toBe(0o4755);
  expect(statSync(at('d'))).toMatchObject({ uid: 12_345, gid: 54_321 });
  expect(lstatSync(at('l'))).toMatchObject({ uid: 12_345, gid: 1 });
});

test.runIf(isRoot)('without owners everything belongs to who restores', async () => {
  await restore([file('f', ['x'], { uid: 12_345, gid: 54_321 })], { owners: false });
  expect(statSync(at('f')).uid).toBe(0);
});

test('extended attributes come back, and those the snapshot does not know go', async () => {
  mkdirSync(lab.target);
  writeFileSync(at('f'), 'x');
  setXattr(at('f'), 'user.stale', Buffer.from('old'));
  const value = Uint8Array.of(0, 255, 10);
  const extendedAttributes = [{ name: 'user.keepsake', value }];
  const { errors } = await restore([
    file('f', ['x'], { extendedAttributes }),
    file('read-only', ['y'], { extendedAttributes, permissions: 0o400 }),
  ]);
  expect(errors).toEqual([]);
  expect(listXattrs(at('f'))).toEqual(['user.keepsake']);
  expect(getXattr(at('read-only'), 'user.keepsake')).toEqual(value);
});

test('an attribute the file system refuses is told, and the file is there', async () => {
  const extendedAttributes = [{ name: 'nonsense.name', value: Uint8Array.of(1) }];
  const { errors, warnings } = await restore([file('f', ['x'], { extendedAttributes })]);
  expect([...errors, ...warnings].map(({ path }) => path)).toEqual(['/f']);
  expect(readFileSync(at('f'), 'utf8')).toBe('x');
});

test('hard links are one file again', async () => {
  const fields = { links: 3, inode: 2n ** 63n + 1n, deviceId: 7n };
  const { totals } = await restore([
    file('a', ['same'], fields),
    folder('b', [file('c', ['same'], fields)]),
    file('other', ['same'], { ...fields, deviceId: 8n }),
  ]);
  expect(statSync(at('a')).ino).toBe(statSync(at('b/c')).ino);
  expect(statSync(at('a')).nlink).toBe(2);
  expect(statSync(at('other')).nlink).toBe(1);
  expect(totals.bytesRestored).toBe(8);
});

test('names of one symlink are one symlink again', async () => {
  const fields = { links: 2, inode: 5n, deviceId: 1n };
  await restore([linkNode('a', 'no/such', fields), linkNode('b', 'no/such', fields)]);
  expect(lstatSync(at('a')).ino).toBe(lstatSync(at('b')).ino);
  expect(readlinkSync(at('b'))).toBe('no/such');
});

test('two files that share an inode number but not their content both survive', async () => {
  const fields = { links: 2, inode: 1n, deviceId: 1n };
  await restore([file('a', ['one'], fields), file('b', ['two'], fields)]);
  expect(readFileSync(at('a'), 'utf8')).toBe('one');
  expect(readFileSync(at('b'), 'utf8')).toBe('two');
});

test('restoring hard links again changes nothing and leaves no temporary name', async () => {
  const fields = { links: 2, inode: 5n, deviceId: 1n };
  const nodes = [file('a', ['same'], fields), file('b', ['same'], fields)];
  await restore(nodes);
  const { actions } = await restore(nodes);
  expect(actions).toEqual({ '/a': 'unchanged', '/b': 'unchanged' });
  expect(readdirSync(lab.target).toSorted()).toEqual(['a', 'b']);
});

test('zero pages become holes, and the content is the same', async () => {
  const zeros = new Uint8Array(1024 * 1024);
  const parts = [Buffer.from('head'), zeros, Buffer.from('tail'), zeros];
  const node = file('sparse', parts);
  await restore([node, file('nothing', [zeros])]);
  expect(readFileSync(at('nothing')).equals(zeros)).toBe(true);
  expect(statSync(at('nothing')).blocks).toBe(0);
  expect(readFileSync(at('sparse')).equals(Buffer.concat(parts))).toBe(true);
  expect(statSync(at('sparse')).blocks * 512).toBeLessThan(64 * 1024);

  rmSync(at('sparse'));
  await restore([node], { sparse: false });
  expect(statSync(at('sparse')).blocks * 512).toBeGreaterThanOrEqual(2 * zeros.length);
});

test('a read-only folder is filled, and read-only in the end', async () => {
  const nodes = [folder('d', [folder('e', [file('f', ['x'])])], { permissions: 0o500 })];
  await restore(nodes);
  expect(statSync(at('d')).mode & 0o777).toBe(0o500);
  const { errors } = await restore(nodes);
  expect(errors).toEqual([]);
  expect(statSync(at('d')).mode & 0o777).toBe(0o500);
  chmodSync(at('d'), 0o700);
});

test('include takes the entry, all below it and the folders above it', async () => {
  const nodes = [
    folder('srv', [
      folder('app', [file('a.db', ['1']), folder('up', [file('b', ['2'])])], {
        permissions: 0o751,
      }),
      folder('other', [file('c', ['3'])]),
    ]),
    file('d', ['4']),
  ];
  const { actions } = await restore(nodes, { include: ['/srv/app'] });
  expect(readdirSync(lab.target, { recursive: true }).map(String).toSorted()).toEqual([
    'srv',
    'srv/app',
    'srv/app/a.db',
    'srv/app/up',
    'srv/app/up/b',
  ]);
  expect(statSync(at('srv/app')).mode & 0o777).toBe(0o751);
  expect(actions).not.toHaveProperty(['/srv/other']);
});

test('exclude leaves out by pattern, in any depth', async () => {
  const nodes = [folder('a', [file('x.tmp', ['1']), file('y', ['2'])]), file('z.tmp', ['3'])];
  await restore(nodes, { exclude: ['*.tmp'] });
  expect(readdirSync(lab.target, { recursive: true }).map(String).toSorted()).toEqual(['a', 'a/y']);
});

test('/ is refused, however it is written, and through a link', async () => {
  const treeId = treeOf(lab.store, []);
  symlinkSync('/', join(lab.scratch, 'root'));
  for (const root of ['/', '//', '/usr/..', join(lab.scratch, 'root')]) {
    await expect(
      Array.fromAsync(restoreSnapshot({ reader: lab.store, treeId, target: root })),
    ).rejects.toMatchObject({
      code: 'RESTORE_TARGET_IS_ROOT',
    });
  }
});

test('a target that is no folder is named', async () => {
  writeFileSync(lab.target, 'a file');
  await expect(restore([])).rejects.toMatchObject({ code: 'RESTORE_TARGET_UNUSABLE' });
  await expect(restore([], { target: join(lab.target, 'x') })).rejects.toMatchObject({
    code: 'RESTORE_TARGET_UNUSABLE',
  });
});

test.runIf(isRoot)('devices come back with their numbers', async ({ skip }) => {
  const probe = spawnSync('mknod', [join(lab.scratch, 'probe'), 'c', '1', '3']);
  if (probe.status !== 0) skip('no right to make devices here');
  const disk = (0x11_1n << 8n) | 0x1_00_00_70n;
  const { errors } = await restore([
    makeNode('disk', 0o060000, { permissions: 0o640, device: disk, links: 1 }),
    makeNode('null', 0o020000, { permissions: 0o666, device: 259n, links: 1 }),
  ]);
  expect(errors).toEqual([]);
  const found = lstatSync(at('null'));
  expect(found.isCharacterDevice()).toBe(true);
  expect(found.mode & 0o777).toBe(0o666);
  expect(found.rdev).toBe(259);
  expect(lstatSync(at('disk')).isBlockDevice()).toBe(true);
  expect(lstatSync(at('disk'), { bigint: true }).rdev).toBe(disk);
});
