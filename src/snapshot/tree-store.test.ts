import { expect, test } from 'vitest';
import { blobId } from '../format/blob.ts';
import type { Node } from '../format/node.ts';
import { decodeLargeTree, LargeTree } from '../format/large-tree.ts';
import { encodeTree } from '../format/tree.ts';
import { newArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import { TreeFrame, type EarlierTree } from './tree-frame.ts';
import { DraftTrees, RepositoryTrees } from './tree-store.ts';

const TIME = '2026-01-02T03:04:05.678Z';

function node(name: string, subtree?: string): Node {
  const type = subtree === undefined ? 'file' : 'dir';
  const times = { mtime: TIME, atime: TIME, ctime: TIME };
  const common: Node = { name, type, mode: 1, ...times, uid: 0, gid: 0, content: null };
  return subtree === undefined ? common : { ...common, subtree };
}

function treeOf(...nodes: Node[]): EarlierTree {
  return { id: blobId(encodeTree(nodes)), nodes };
}

/** What of these trees is in the repository. */
function storeOf(...trees: EarlierTree[]) {
  const ids = new Set(trees.map(({ id }) => id));
  const saved: string[] = [];
  const store: Pick<BlobStore, 'hasBlob' | 'saveBlob'> = {
    hasBlob: (_, id) => ids.has(id),
    saveBlob(_, id) {
      saved.push(id);
      return Promise.resolve({ isNew: !ids.has(id) });
    },
  };
  return { store: store as BlobStore, saved };
}

async function frameOf(earlier: EarlierTree, nodes: readonly (Node | Promise<Node>)[]) {
  const frame = new TreeFrame('/folder', earlier);
  for (const one of nodes) {
    const { name } = await one; // as the walk meets it
    void [...frame.missedBefore(name)];
    frame.takeParent(name);
    await frame.add(one);
  }
  return { asParent: await frame.asParent(), tree: frame.finish() };
}

const [a, b, c] = [node('a'), node('b'), node('c')];

test('a folder is as the parent has it only if it holds the very same entries, all and no others', async () => {
  const earlier = treeOf(a, b);
  const other = { ...b, size: 1 };
  for (const nodes of [
    [a, b],
    [a, Promise.resolve(b)],
  ]) {
    expect((await frameOf(earlier, nodes)).asParent?.id).toBe(earlier.id);
  }
  for (const nodes of [[a], [b], [a, b, c], [a, other], [a, Promise.resolve(other)], []]) {
    const { asParent, tree } = await frameOf(earlier, nodes);
    expect(asParent).toBeUndefined();
    expect(tree.id).toBe(
      treeOf(...(await Promise.all(nodes.map((entry) => Promise.resolve(entry))))).id,
    );
  }
  expect((await frameOf(treeOf(), [])).asParent).toBeUndefined();
});

test('a tree that is no longer in the repository is made again, as it was', async () => {
  const earlier = treeOf(a, b);
  const { store, saved } = storeOf();
  const { asParent, tree } = await frameOf(earlier, [a, b]);
  const draft = new DraftTrees(store);
  const trees = new RepositoryTrees(store, newArchiveCounts());
  expect([draft.isStored(asParent!), trees.isStored(asParent!)]).toEqual([false, false]);
  await draft.promote(await draft.saveTree(tree), trees);
  expect(saved).toEqual([earlier.id]);
});

test('below a stored tree of a draft what is not stored is saved', async () => {
  const below = treeOf(a);
  const above = treeOf(node('folder', below.id));
  const { store, saved } = storeOf(above);
  const draft = new DraftTrees(store);
  await draft.saveTree((await frameOf(below, [a])).tree);
  expect(draft.isStored(above)).toBe(true);
  expect(draft.nodes(above.id)).toBe(above.nodes);
  await draft.promote(above.id, new RepositoryTrees(store, newArchiveCounts()));
  expect(saved).toEqual([below.id]);
});

test('the nodes of stored trees are kept for the second pass up to a limit', () => {
  const large = (prefix: string) =>
    treeOf(...Array.from({ length: 15_000 }, (_, at) => node(`${prefix}${10_000 + at}`)));
  const [first, second] = [large('a'), large('b')];
  const draft = new DraftTrees(storeOf(first, second).store);
  expect([draft.isStored(first), draft.isStored(second)]).toEqual([true, false]);
  // One that is read from what is stored takes no room for its nodes.
  const nodes = decodeLargeTree({ pieces: () => [encodeTree(second.nodes)] });
  expect(nodes).toBeInstanceOf(LargeTree);
  expect(draft.isStored({ id: second.id, nodes })).toBe(true);
  expect(draft.nodes(second.id)).toBe(nodes);
});
