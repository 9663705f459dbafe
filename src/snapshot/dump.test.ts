import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
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
} from '../../test/support/tree-builder.ts';
import { concatBytes } from '../base/bytes.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { getXattr } from '../host/libc.ts';
import type { Node } from '../format/node.ts';
import { dumpFile, dumpFolder } from './dump.ts';

const raw = (text: string) => decodeRawName(Buffer.from(text, 'latin1'));

let store: MemoryBlobStore;
let scratch: string;

beforeEach(() => {
  store = new MemoryBlobStore();
  scratch = mkdtempSync(join(tmpdir(), 'keepsake-dump-'));
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

async function tar(nodes: Node[], path?: string): Promise<Uint8Array> {
  const treeId = treeOf(store, nodes);
  const source = path === undefined ? { treeId } : { treeId, path };
  return concatBytes(await Array.fromAsync(dumpFolder(store, source)));
}

/** Unpacks with the system's own tar. Its warning about times before 1970 is not wanted here. */
function unpack(archive: Uint8Array): void {
  const options = ['--xattrs', '--xattrs-include=user.*', '-xpf', '-', '-C', scratch];
  execFileSync('tar', options, { input: archive, stdio: ['pipe', 'inherit', 'ignore'] });
}

const at = (name: string) => join(scratch, name);

test('a file comes out byte by byte', async () => {
  const node = fileNode(store, 'f', ['one ', 'two ', 'three']);
  const bytes = concatBytes(await Array.fromAsync(dumpFile(store, { path: '/f', node })));
  expect(Buffer.from(bytes).toString()).toBe('one two three');
});

test('only a file can be dumped as one', async () => {
  const dump = dumpFile(store, { path: '/l', node: linkNode('l', 'x') });
  await expect(Array.fromAsync(dump)).rejects.toMatchObject({ code: 'SNAPSHOT_PATH_WRONG_TYPE' });
});

test('the system’s tar unpacks everything as it was', async () => {
  const long = 'n'.repeat(255);
  const value = Uint8Array.of(0, 10, 255);
  const hard = { links: 2, inode: 5n, deviceId: 1n };
  unpack(
    await tar(
      [
        fileNode(store, 'empty', []),
        fileNode(store, 'exact', [new Uint8Array(1024).fill(7)], { permissions: 0o4750 }),
        fileNode(store, long, ['long'], { extendedAttributes: [{ name: 'user.k', value }] }),
        fileNode(store, raw('caf\xe9'), ['latin1']),
        fileNode(store, '日本\n', ['utf8']),
        fileNode(store, 'hard-a', ['same'], hard),
        fileNode(store, 'hard-b', ['same'], hard),
        folderNode(store, 'd', [fifoNode('pipe'), makeNode('sock', 0o140000)], {
          permissions: 0o1770,
          mtime: '1965-01-02T03:04:05.25Z',
        }),
        linkNode('link', `${'t'.repeat(200)}/${raw('\xff')}`),
      ],
      '/srv/app',
    ),
  );
  const app = at('srv/app');
  expect(readdirSync(app).length).toBe(9);
  expect(readFileSync(join(app, long), 'utf8')).toBe('long');
  expect(getXattr(join(app, long), 'user.k')).toEqual(value);
  expect(readFileSync(fsPath(`${app}/${raw('caf\xe9')}`), 'utf8')).toBe('latin1');
  expect(readFileSync(join(app, '日本\n'), 'utf8')).toBe('utf8');
  expect(readFileSync(join(app, 'exact')).equals(Buffer.alloc(1024, 7))).toBe(true);
  expect(lstatSync(join(app, 'exact')).mode & 0o7777).toBe(0o4750);
  expect(lstatSync(join(app, 'exact'), { bigint: true }).mtimeNs).toBe(1_714_979_289_123_456_789n);
  expect(lstatSync(join(app, 'hard-a')).ino).toBe(lstatSync(join(app, 'hard-b')).ino);
  expect(lstatSync(join(app, 'd')).mode & 0o7777).toBe(0o1770);
  expect(lstatSync(join(app, 'd'), { bigint: true }).mtimeNs).toBe(-157_668_954_750_000_000n);
  expect(readdirSync(join(app, 'd'))).toEqual(['pipe']);
  const linkTarget = decodeRawName(readlinkSync(join(app, 'link'), { encoding: 'buffer' }));
  expect(linkTarget).toBe(`${'t'.repeat(200)}/${raw('\xff')}`);
});

test('owners beyond what the old fields hold, and devices, are listed right', async () => {
  const archive = await tar([
    fileNode(store, 'f', ['x'], { uid: 4_000_000_000, gid: 3_000_000, user: 'ü', group: 'g' }),
    makeNode('sda', 0o060000, { device: (259n << 8n) | 1n, content: null }),
  ]);
  const list = execFileSync('tar', ['--numeric-owner', '-tvf', '-'], {
    input: archive,
    encoding: 'utf8',
  });
  expect(list).toMatch(/4000000000\/3000000/);
  expect(list).toMatch(/^b.* 259,1 /m);
});

test('a file of more than 8 GiB is announced in a record', async () => {
  const blob = store.saveBlob('data', new Uint8Array(1_000_000));
  const content = Array<string>(10_000).fill(blob);
  const huge = fileNode(store, 'huge', [], { content, size: 10_000_000_000 });
  const parts = dumpFolder(store, { treeId: treeOf(store, [huge]) });
  const header = (await parts.next()).value as Uint8Array;
  expect(Buffer.from(header).toString('latin1')).toContain('20 size=10000000000\n');
  await parts.return(undefined);
});

test('a file whose list of pieces is missing ends the stream', async () => {
  const node = fileNode(store, 'f', [], { content: null, size: 2 });
  await expect(tar([node])).rejects.toMatchObject({ code: 'SNAPSHOT_CONTENT_UNLISTED' });
});

test('what cannot be read ends the stream with an error that names it', async () => {
  const node = fileNode(store, 'f', ['gone']);
  store.removeBlob('data', node.content?.[0] ?? '');
  await expect(tar([node])).rejects.toMatchObject({
    code: 'SNAPSHOT_BLOB_UNREADABLE',
    details: { path: '/f' },
  });
});
