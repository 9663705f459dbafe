import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { blobId } from '../format/blob.ts';
import { LARGE_TREE_BYTES } from '../format/large-tree.ts';
import type { Node } from '../format/node.ts';
import { decodeTree, encodeTree } from '../format/tree.ts';
import { PackedTreeBuilder, type PackedTree } from './packed-tree.ts';
import { TreeScratch } from './tree-scratch.ts';

const TIME = '2026-01-02T03:04:05.678Z';

function nodes(count: number): Node[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `upload-${1_000_000 + at}.webp`,
    type: 'file',
    mode: 0o644,
    mtime: TIME,
    atime: TIME,
    ctime: TIME,
    uid: 0,
    gid: 0,
    size: at,
    content: [blobId(Buffer.from(`${at}`))],
  }));
}

function build(all: readonly Node[], scratch?: TreeScratch): PackedTree {
  const builder = new PackedTreeBuilder(scratch);
  for (const node of all) builder.add(node);
  return builder.finish();
}

test.each([0, 1, 300, 36_000])(
  'a tree of %i entries has the id, bytes and entries it was built from',
  async (count) => {
    await using dir = await tempFolder();
    using scratch = new TreeScratch(dir.path);
    const all = nodes(count);
    const [inMemory, onDisk] = [build(all), build(all, scratch)];
    const bytes = encodeTree(all);
    expect(bytes.length > LARGE_TREE_BYTES).toBe(count === 36_000);
    for (const kept of [inMemory, inMemory.pack(), onDisk, onDisk.pack(scratch)]) {
      expect(kept.id).toBe(blobId(bytes));
      expect(kept.length).toBe(count);
      expect(kept.sizeBytes).toBe(bytes.length);
      expect(Buffer.compare(kept.bytes(), bytes)).toBe(0);
      expect([...kept]).toEqual(decodeTree(bytes));
    }
  },
);

test('a tree says which trees it names', () => {
  const builder = new PackedTreeBuilder();
  const folder: Node = { ...(nodes(1)[0] as Node), name: 'a', type: 'dir', content: null };
  builder.add({ ...folder, subtree: 'ab'.repeat(32) });
  builder.add({ ...folder, name: 'b', subtree: 'cd'.repeat(32) });
  expect(builder.finish().subtrees).toEqual(['ab'.repeat(32), 'cd'.repeat(32)]);
});
