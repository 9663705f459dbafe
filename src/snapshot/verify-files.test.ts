import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { fileNode, folderNode, linkNode, treeOf } from '../../test/support/tree-builder.ts';
import { restoreSnapshot } from './restore.ts';
import { verifyFiles } from './verify-files.ts';

let store: MemoryBlobStore;
let target: string;
let treeId: string;

beforeEach(async () => {
  store = new MemoryBlobStore();
  target = mkdtempSync(join(tmpdir(), 'keepsake-verify-'));
  treeId = treeOf(store, [
    folderNode(store, 'd', [fileNode(store, 'f', ['first', 'second']), linkNode('l', 'f')]),
    fileNode(store, 'empty', []),
  ]);
  await Array.fromAsync(restoreSnapshot({ reader: store, treeId, target }));
});

afterEach(() => {
  rmSync(target, { recursive: true, force: true });
});

async function verify(): Promise<string[]> {
  const events = await Array.fromAsync(verifyFiles({ reader: store, treeId, target }));
  return events.map((event) => (event.kind === 'equal' ? event.path : event.error.message));
}

test('what was restored is equal', async () => {
  expect(await verify()).toEqual(['/d/f', '/empty']);
});

test('one flipped bit is found, with its chunk, behind an equal size and time', async () => {
  const path = join(target, 'd/f');
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
  expect((await verify())[0]).toContain('other content from byte 5 on');
});

test.each([
  ['a longer file', () => writeFileSync(join(target, 'empty'), 'x'), '1 bytes instead of 0'],
  ['a shorter file', () => truncateSync(join(target, 'd/f'), 3), '3 bytes instead of 11'],
  ['a missing file', () => unlinkSync(join(target, 'empty')), 'it is missing'],
  ['a missing folder', () => rmSync(join(target, 'd'), { recursive: true }), 'no such folder'],
])('%s is found', async (_, harm, words) => {
  harm();
  expect((await verify()).join('\n')).toContain(words);
});

test('a link in the place of a file or a folder is not followed', async () => {
  renameSync(join(target, 'd'), join(target, 'elsewhere'));
  symlinkSync('elsewhere', join(target, 'd'));
  expect(await verify()).toEqual([expect.stringContaining('no such folder'), '/empty']);
  unlinkSync(join(target, 'empty'));
  writeFileSync(join(target, 'void'), '');
  symlinkSync('void', join(target, 'empty'));
  expect((await verify())[1]).toContain('"/empty" is not as the snapshot has it');
});

test('a link that points elsewhere is found', async () => {
  unlinkSync(join(target, 'd/l'));
  symlinkSync('g', join(target, 'd/l'));
  expect((await verify()).join('\n')).toContain('the link points elsewhere');
});

test('a FIFO or a folder in a file’s place is found and holds nothing up', async () => {
  unlinkSync(join(target, 'd/f'));
  execFileSync('mkfifo', [join(target, 'd/f')]);
  unlinkSync(join(target, 'empty'));
  mkdirSync(join(target, 'empty'));
  const found = await verify();
  expect(found[0]).toContain('not a regular file');
  expect(found[1]).toContain('not a regular file');
});

test('without sizes in the index the blobs themselves tell', async () => {
  const reader = { loadBlob: store.loadBlob.bind(store) };
  const events = await Array.fromAsync(verifyFiles({ reader, treeId, target }));
  expect(events.map(({ kind }) => kind)).toEqual(['equal', 'equal']);
});
