import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { createLab } from '../../test/support/repository-lab.ts';
import { requireRoot } from '../../test/support/require-tool.ts';
import { smallDisk } from '../../test/support/small-disk.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { fileNode, makeNode, treeOf } from '../../test/support/tree-builder.ts';
import type { Node } from '../format/node.ts';
import { restoreSnapshot } from './restore.ts';

const PAGE = 8192;
const REGULAR = 0o100000;

/** Restores `files` from a real repository in which their blobs lie in the order of `stored`. */
async function restorePacked(target: string, store: MemoryBlobStore, files: readonly Node[]) {
  const { open } = await createLab();
  const repository = await open();
  const saver = repository.startWriting({ packSizeBytes: 300_000 });
  const treeId = treeOf(store, files);
  for (const [key, bytes] of store.blobs) {
    const [type, id = ''] = key.split('/');
    await saver.save(type === 'tree' ? 'tree' : 'data', id, bytes);
  }
  await saver.flush();
  const events = await Array.fromAsync(restoreSnapshot({ reader: repository, treeId, target }));
  const errors = events.flatMap((event) => (event.kind === 'error' ? [event.error.code] : []));
  const totals = events.flatMap((event) => (event.kind === 'summary' ? [event.totals] : []))[0];
  return { errors, totals };
}

test('a database whose pages lie scattered over packs, repeat and are zero comes back with holes', async () => {
  await using scratch = await tempFolder();
  const store = new MemoryBlobStore();
  const pages = Array.from({ length: 400 }, (_, n) =>
    n % 7 === 0 ? Buffer.alloc(PAGE, `page ${n % 5}`) : randomBytes(PAGE),
  );
  const zero = Buffer.alloc(PAGE);
  // Stored in another order than they stand in the file.
  for (const [n, page] of pages.entries()) if (n % 3 === 2) store.saveBlob('data', page);
  for (const [n, page] of pages.entries()) if (n % 3 === 0) store.saveBlob('data', page);
  const chunks = pages.flatMap((page, n) => (n % 50 === 49 ? [page, zero, zero] : [page]));
  const node = fileNode(store, 'prod.db', [...chunks, zero, Buffer.from('end'), zero, zero]);
  const { errors, totals } = await restorePacked(scratch.path, store, [node]);
  expect(errors).toEqual([]);
  const expected = Buffer.concat([...chunks, zero, Buffer.from('end'), zero, zero]);
  expect(readFileSync(scratch.join('prod.db')).equals(expected)).toBe(true);
  expect(totals).toMatchObject({ filesRestored: 1, bytesRestored: expected.length });
  const { size, blocks } = statSync(scratch.join('prod.db'));
  expect(blocks * 512).toBeLessThan(size);
});

test('many small files between large ones come back, those of one content too', async () => {
  await using scratch = await tempFolder();
  const store = new MemoryBlobStore();
  const contents = Array.from({ length: 700 }, (_, n) =>
    n % 10 === 0 ? Buffer.from('the same') : randomBytes(10 + ((n * 37) % 9000)),
  );
  const files = contents.map((bytes, n) => fileNode(store, `upload-${n}`, [bytes]));
  const large = Array.from({ length: 20 }, () => randomBytes(70_000));
  files.push(fileNode(store, 'a-large', large), fileNode(store, 'z-large', large.toReversed()));
  const { errors } = await restorePacked(scratch.path, store, files);
  expect(errors).toEqual([]);
  for (const [n, bytes] of contents.entries()) {
    expect(readFileSync(scratch.join(`upload-${n}`)).equals(bytes)).toBe(true);
  }
  expect(readFileSync(scratch.join('a-large')).equals(Buffer.concat(large))).toBe(true);
  expect(readFileSync(scratch.join('z-large')).equals(Buffer.concat(large.toReversed()))).toBe(
    true,
  );
});

test.each([3, 40])(
  'a file of %i blobs whose size is another one has what its blobs have',
  async (count) => {
    await using scratch = await tempFolder();
    const store = new MemoryBlobStore();
    const pieces = Array.from({ length: count }, () => randomBytes(100));
    const content = pieces.map((piece) => store.saveBlob('data', piece));
    const sizes = [count * 100 + 1, count * 100 - 1];
    const nodes = sizes.map((size) => makeNode(`of-${size}`, REGULAR, { links: 1, content, size }));
    const { errors, totals } = await restorePacked(scratch.path, store, nodes);
    expect(errors).toEqual([]);
    expect(totals).toMatchObject({ warnings: 2 });
    for (const size of sizes) {
      expect(readFileSync(scratch.join(`of-${size}`))).toEqual(Buffer.concat(pieces));
    }
  },
);

test.skipIf(!requireRoot())(
  'a database with holes comes back onto a disk that is too small for all of it, whole or not at all',
  async () => {
    await using scratch = await tempFolder();
    const store = new MemoryBlobStore();
    const pages = Array.from({ length: 400 }, () => randomBytes(PAGE));
    const zero = Buffer.alloc(PAGE);
    const chunks = pages.flatMap((page) => [page, zero, zero, zero]);
    const node = fileNode(store, 'prod.db', chunks);
    await using disk = await smallDisk(scratch.join('disk'), '5m');
    const restored = await restorePacked(scratch.join('disk'), store, [node]);
    expect(restored.errors).toEqual([]);
    const path = scratch.join('disk/prod.db');
    expect(readFileSync(path).equals(Buffer.concat(chunks))).toBe(true);

    writeFileSync(scratch.join('disk/other'), 'the owner has that there');
    rmSync(path);
    await disk.resize('2m');
    await expect(restorePacked(scratch.join('disk'), store, [node])).rejects.toMatchObject({
      code: 'RESTORE_DISK_FULL',
    });
    expect(readdirSync(scratch.join('disk'))).toEqual(['other']);
    expect(readFileSync(scratch.join('disk/other'), 'utf8')).toBe('the owner has that there');
  },
);
