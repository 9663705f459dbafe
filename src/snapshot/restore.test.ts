import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import {
  fifoNode,
  fileNode,
  folderNode,
  linkNode,
  makeNode,
  treeOf,
  type NodeFields,
} from '../../test/support/tree-builder.ts';
import { decodeRawName, encodeRawName, fsPath } from '../base/raw-name.ts';
import { getXattr, listXattrs, setTimesNs, setXattr } from '../host/libc.ts';
import type { Node } from '../format/node.ts';
import type { BlobType } from './blob-reader.ts';
import type { RestoreEvent, RestoreOptions } from './restore-options.ts';
import { restoreSnapshot } from './restore.ts';

const isRoot = process.getuid?.() === 0;
const raw = (text: string) => decodeRawName(Buffer.from(text, 'latin1'));

let store: MemoryBlobStore;
let scratch: string;
let target: string;

beforeEach(() => {
  store = new MemoryBlobStore();
  scratch = mkdtempSync(join(tmpdir(), 'keepsake-restore-'));
  target = join(scratch, 'target');
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const file = (name: string, chunks: (string | Uint8Array)[], fields?: NodeFields) =>
  fileNode(store, name, chunks, fields);
const folder = (name: string, children: Node[], fields?: NodeFields) =>
  folderNode(store, name, children, fields);

async function collect(options: RestoreOptions): Promise<RestoreEvent[]> {
  return Array.fromAsync(restoreSnapshot(options));
}

async function restore(children: Node[], options: Partial<RestoreOptions> = {}) {
  const treeId = treeOf(store, children);
  const events = await collect({ reader: store, treeId, target, ...options });
  const last = events.at(-1);
  if (last?.kind !== 'summary') throw new Error('the last event is not the summary');
  return {
    events,
    totals: last.totals,
    errors: events.flatMap((event) => (event.kind === 'error' ? [event] : [])),
    warnings: events.flatMap((event) => (event.kind === 'warning' ? [event] : [])),
    actions: Object.fromEntries(
      events.flatMap((event) => (event.kind === 'item' ? [[event.path, event.action]] : [])),
    ),
  };
}

const at = (path: string) => join(target, path);
const mtimeNs = (path: string) => lstatSync(path, { bigint: true }).mtimeNs;

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
  const found = readdirSync(target, { encoding: 'buffer' }).map((name) => decodeRawName(name));
  expect(found.toSorted()).toEqual(names.toSorted());
  for (const name of names) {
    const content = readFileSync(fsPath(`${target}/${name}`));
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
  mkdirSync(target);
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
  expect(readdirSync(target).toSorted()).toEqual(['a', 'b']);
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

test.each(['..', '.', 'a/b', ''])('a tree with an entry called "%s" is refused', async (name) => {
  const text = JSON.stringify({ nodes: [{ ...jsonFile(), name }] });
  const hostile = store.saveBlob('tree', Buffer.from(`${text}\n`));
  const bad = makeNode('bad', 0o040000, { subtree: hostile });
  const { errors } = await restore([bad, file('good', ['x'])]);
  expect(errors.map(({ error }) => error.code)).toEqual(['SNAPSHOT_TREE_DAMAGED']);
  expect(readdirSync(scratch)).toEqual(['target']);
  expect(readdirSync(at('bad'))).toEqual([]);
  expect(readFileSync(at('good'), 'utf8')).toBe('x');
});

function jsonFile() {
  const time = '2024-05-06T07:08:09Z';
  return {
    type: 'file',
    mode: 420,
    mtime: time,
    atime: time,
    ctime: time,
    uid: 0,
    gid: 0,
    content: [],
  };
}

test('nothing is written through a link that stands in a folder’s place', async () => {
  const outside = join(scratch, 'outside');
  mkdirSync(outside);
  mkdirSync(target);
  symlinkSync(outside, at('uploads'));
  const { errors } = await restore([folder('uploads', [file('f', ['x'])])]);
  expect(errors).toEqual([]);
  expect(readdirSync(outside)).toEqual([]);
  expect(lstatSync(at('uploads')).isDirectory()).toBe(true);
  expect(readFileSync(at('uploads/f'), 'utf8')).toBe('x');
});

test('with overwrite never, such a link stays, and all below it is left out with one error', async () => {
  const outside = join(scratch, 'outside');
  mkdirSync(outside);
  mkdirSync(target);
  symlinkSync(outside, at('uploads'));
  const nodes = [folder('uploads', [file('f', ['x']), folder('g', [file('h', ['y'])])])];
  const { errors } = await restore(nodes, { overwrite: 'never' });
  expect(errors.map(({ error }) => error.code)).toEqual(['RESTORE_CONFLICT']);
  expect(readdirSync(outside)).toEqual([]);
  expect(readlinkSync(at('uploads'))).toBe(outside);
});

test('a link that stands in a file’s place is replaced, not followed', async () => {
  mkdirSync(target);
  writeFileSync(join(scratch, 'precious'), 'precious');
  symlinkSync('../precious', at('f'));
  await restore([file('f', ['new'])]);
  expect(readFileSync(join(scratch, 'precious'), 'utf8')).toBe('precious');
  expect(lstatSync(at('f')).isFile()).toBe(true);
});

test('another name of an overwritten file keeps the old content', async () => {
  mkdirSync(target);
  writeFileSync(join(scratch, 'other-name'), 'old');
  linkSync(join(scratch, 'other-name'), at('f'));
  await restore([file('f', ['new'])]);
  expect(readFileSync(join(scratch, 'other-name'), 'utf8')).toBe('old');
  expect(readFileSync(at('f'), 'utf8')).toBe('new');
});

test('a folder that holds something is not replaced by a file; an empty one is', async () => {
  mkdirSync(at('full'), { recursive: true });
  mkdirSync(at('empty'));
  writeFileSync(at('full/keep'), 'keep');
  const { errors } = await restore([file('empty', ['a']), file('full', ['b'])]);
  expect(errors.map(({ path, error }) => [path, error.code])).toEqual([
    ['/full', 'RESTORE_CONFLICT'],
  ]);
  expect(readFileSync(at('full/keep'), 'utf8')).toBe('keep');
  expect(readFileSync(at('empty'), 'utf8')).toBe('a');
  expect(readdirSync(target).toSorted()).toEqual(['empty', 'full']);
});

test('overwrite always finds a changed byte behind an equal size and time', async () => {
  const node = file('f', ['hello ', 'world']);
  await restore([node]);
  const time = mtimeNs(at('f'));
  writeFileSync(at('f'), 'hello w0rld');
  setTimesNs(at('f'), time, time);
  const { actions } = await restore([node]);
  expect(actions['/f']).toBe('updated');
  expect(readFileSync(at('f'), 'utf8')).toBe('hello world');
  expect((await restore([node])).actions['/f']).toBe('unchanged');
});

test('what is unchanged gets its metadata back without being read from the repository', async () => {
  const node = file('f', ['hello']);
  await restore([node]);
  chmodSync(at('f'), 0o600);
  const before = store.loads;
  const { totals } = await restore([node]);
  expect(store.loads - before).toBe(1); // the tree
  expect(statSync(at('f')).mode & 0o777).toBe(0o644);
  expect(totals).toMatchObject({ filesUnchanged: 1, bytesSkipped: 5, bytesRestored: 0 });
});

test('overwrite if-changed trusts size and time, and nothing less', async () => {
  const nodes = [file('other-time', ['hello']), file('same', ['hello'])];
  await restore(nodes);
  const time = mtimeNs(at('same'));
  for (const name of ['other-time', 'same']) writeFileSync(at(name), 'HELLO');
  setTimesNs(at('same'), time, time);
  const { actions } = await restore(nodes, { overwrite: 'if-changed' });
  expect(actions).toEqual({ '/other-time': 'updated', '/same': 'unchanged' });
  expect(readFileSync(at('same'), 'utf8')).toBe('HELLO');
  expect(readFileSync(at('other-time'), 'utf8')).toBe('hello');
});

test('overwrite never keeps what is there, its mode and time too, and adds what is not', async () => {
  mkdirSync(at('d'), { recursive: true, mode: 0o711 });
  writeFileSync(at('d/f'), 'mine');
  const nodes = [folder('d', [file('f', ['theirs']), file('g', ['new'])], { permissions: 0o755 })];
  const { actions, totals } = await restore(nodes, { overwrite: 'never' });
  expect(actions).toEqual({ '/d': 'skipped', '/d/f': 'skipped', '/d/g': 'restored' });
  expect(readFileSync(at('d/f'), 'utf8')).toBe('mine');
  expect(statSync(at('d')).mode & 0o777).toBe(0o711);
  expect(totals.filesSkipped).toBe(1);
});

test('a dry run tells what would be done and touches nothing', async () => {
  const nodes = [
    folder('d', [file('f', ['x']), folder('e', [linkNode('l', 'x')])]),
    file('same', ['y']),
  ];
  const first = await restore(nodes, { dryRun: true });
  expect(existsSync(target)).toBe(false);
  expect(first.totals).toMatchObject({ filesRestored: 2, folders: 2, others: 1, errors: 0 });

  mkdirSync(target);
  writeFileSync(at('same'), 'y');
  utimesSync(at('same'), 5, 5);
  const before = lstatSync(at('same'), { bigint: true });
  const second = await restore(nodes, { dryRun: true, verify: true });
  expect(second.actions['/same']).toBe('unchanged');
  expect(lstatSync(at('same'), { bigint: true })).toMatchObject({ ctimeNs: before.ctimeNs });
  expect(readdirSync(target)).toEqual(['same']);
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
  expect(readdirSync(target, { recursive: true }).map(String).toSorted()).toEqual([
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
  expect(readdirSync(target, { recursive: true }).map(String).toSorted()).toEqual(['a', 'a/y']);
});

test('an unreadable blob costs its file alone, and the old one stays whole', async () => {
  mkdirSync(target);
  writeFileSync(at('hurt'), 'old');
  const hurt = file('hurt', ['first chunk', 'second chunk']);
  const lost = hurt.content?.[1] ?? '';
  store.removeBlob('data', lost);
  const { errors, totals } = await restore([file('fine', ['x']), hurt, file('later', ['y'])]);
  expect(errors.map(({ error }) => error.details)).toMatchObject([{ path: '/hurt', blobId: lost }]);
  expect(readFileSync(at('hurt'), 'utf8')).toBe('old');
  expect(readdirSync(target).toSorted()).toEqual(['fine', 'hurt', 'later']);
  expect(totals).toMatchObject({ filesRestored: 2, errors: 1 });
});

test('a file whose list of pieces is missing is not restored as an empty one', async () => {
  const { errors } = await restore([file('f', [], { content: null, size: 4 })]);
  expect(errors.map(({ error }) => error.code)).toEqual(['SNAPSHOT_CONTENT_UNLISTED']);
  expect(readdirSync(target)).toEqual([]);
});

test('a dry run tells of sizes and of lost pieces, too', async () => {
  const lost = file('lost', ['gone']);
  store.removeBlob('data', lost.content?.[0] ?? '');
  const nodes = [file('f', ['12345'], { size: 4 }), lost];
  const { errors, totals } = await restore(nodes, { dryRun: true });
  expect(errors.map(({ error }) => error.code)).toEqual(['SNAPSHOT_BLOB_UNREADABLE']);
  expect(totals).toMatchObject({ warnings: 1, errors: 1 });
});

test('a lost tree costs its folder alone', async () => {
  const lost = folder('lost', [file('f', ['x'])]);
  store.removeBlob('tree', lost.subtree ?? '');
  const { errors } = await restore([lost, folder('ok', [file('g', ['y'])])]);
  expect(errors.map(({ path }) => path)).toEqual(['/lost']);
  expect(readFileSync(at('ok/g'), 'utf8')).toBe('y');
});

test('/ is refused, however it is written, and through a link', async () => {
  const treeId = treeOf(store, []);
  symlinkSync('/', join(scratch, 'root'));
  for (const root of ['/', '//', '/usr/..', join(scratch, 'root')]) {
    await expect(collect({ reader: store, treeId, target: root })).rejects.toMatchObject({
      code: 'RESTORE_TARGET_IS_ROOT',
    });
  }
});

test('a target that is no folder is named', async () => {
  writeFileSync(target, 'a file');
  await expect(restore([])).rejects.toMatchObject({ code: 'RESTORE_TARGET_UNUSABLE' });
  await expect(restore([], { target: join(target, 'x') })).rejects.toMatchObject({
    code: 'RESTORE_TARGET_UNUSABLE',
  });
});

test('an abort rejects with its reason and leaves whole files and no temporary name', async () => {
  const nodes = Array.from({ length: 40 }, (_, i) => file(`f${i}`, [`one ${i}`, `two ${i}`]));
  const stop = new AbortController();
  const reason = new Error('Ctrl-C');
  const reader = {
    loadBlob(type: BlobType, id: string) {
      if (store.loads === 30) stop.abort(reason);
      return store.loadBlob(type, id, { signal: stop.signal });
    },
  };
  await expect(restore(nodes, { reader, signal: stop.signal })).rejects.toBe(reason);
  for (const name of readdirSync(target)) {
    expect(readFileSync(at(name), 'utf8')).toBe(`one ${name.slice(1)}two ${name.slice(1)}`);
  }
  expect(readdirSync(target).length).toBeLessThan(40);
});

test('at every moment each name stands for a whole file, old or new', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `f${i}`);
  mkdirSync(target);
  for (const name of names) writeFileSync(at(name), 'old');
  const nodes = names.map((name) => file(name, ['new ', 'in ', 'pieces', name]));
  const seen = new Set<string>();
  const reader = {
    loadBlob(type: BlobType, id: string) {
      for (const name of names) {
        seen.add(readFileSync(at(name), 'utf8').replace(name, ''));
      }
      return store.loadBlob(type, id);
    },
  };
  await restore(nodes, { reader });
  expect([...seen].toSorted()).toEqual(['new in pieces', 'old']);
});

test.runIf(isRoot)(
  'a full disk ends the restore, and every name stands for a whole file',
  async ({ skip }) => {
    mkdirSync(target);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', target]);
    if (mount.status !== 0) skip('no right to mount here');
    try {
      const bytes = new Uint8Array(100_000).fill(1);
      const nodes = Array.from({ length: 9 }, (_, i) => file(`f${i}`, [bytes, `${i}`]));
      await expect(restore(nodes)).rejects.toMatchObject({ code: 'RESTORE_DISK_FULL' });
      const found = readdirSync(target);
      expect(found.length).toBeGreaterThan(0);
      for (const name of found) {
        expect(name).toMatch(/^f\d$/);
        expect(statSync(at(name)).size).toBe(100_001);
      }
    } finally {
      execFileSync('umount', ['--lazy', target]);
    }
  },
);

test('leaving the events early stops the work', async () => {
  const treeId = treeOf(
    store,
    Array.from({ length: 2000 }, (_, i) => file(`f${i}`, [`${i}`])),
  );
  for await (const event of restoreSnapshot({ reader: store, treeId, target })) {
    if (event.kind === 'item') break;
  }
  const count = readdirSync(target).length;
  expect(count).toBeLessThan(2000);
  expect(readdirSync(target).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('what a killed restore left behind goes with the next one', async () => {
  mkdirSync(at('d'), { recursive: true });
  const leftover = '.keepsake-restore-0123456789abcdef.tmp';
  writeFileSync(at(`d/${leftover}`), 'half');
  writeFileSync(at(`d/${leftover}.mine`), 'not ours');
  await restore([folder('d', [file('f', ['x'])])]);
  expect(readdirSync(at('d')).toSorted()).toEqual([`${leftover}.mine`, 'f']);
});

test('verify counts every file it read again', async () => {
  const nodes = [file('a', ['x', 'y']), folder('d', [file('b', []), linkNode('l', 'x')])];
  const { totals, errors } = await restore(nodes, { verify: true, durable: true });
  expect(errors).toEqual([]);
  expect(totals.filesVerified).toBe(2);
});

test('verify does not name again what was reported, nor what was kept on purpose', async () => {
  mkdirSync(target);
  writeFileSync(at('kept'), 'mine');
  const hurt = file('hurt', ['lost']);
  store.removeBlob('data', hurt.content?.[0] ?? '');
  const { totals, errors } = await restore([hurt, file('kept', ['theirs']), file('ok', ['x'])], {
    verify: true,
    overwrite: 'never',
  });
  expect(errors.map(({ path }) => path)).toEqual(['/hurt']);
  expect(totals.filesVerified).toBe(1);
});

test.runIf(isRoot)('devices come back with their numbers', async ({ skip }) => {
  const probe = spawnSync('mknod', [join(scratch, 'probe'), 'c', '1', '3']);
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
