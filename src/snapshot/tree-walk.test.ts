import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { fileNode, folderNode, makeNode, treeOf } from '../../test/support/tree-builder.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { findNode, findTree } from './find-node.ts';
import { inReadingOrder } from './reading-order.ts';
import { walkTree, type WalkTreeOptions } from './tree-walk.ts';

const store = new MemoryBlobStore();
const deep = folderNode(store, 'b', [fileNode(store, 'c', ['c'])]);
const lost = makeNode('lost', 0o040755, { subtree: 'f'.repeat(64) });
const root = treeOf(store, [
  folderNode(store, 'a', [deep, fileNode(store, 'b-x', ['x'])]),
  fileNode(store, 'z', ['z']),
]);

async function walk(treeId: string, options?: WalkTreeOptions): Promise<string[]> {
  const steps = await Array.fromAsync(walkTree(store, treeId, options));
  return steps.map(({ phase, path }) => `${phase} ${path}`);
}

test('folders come before and after what is in them', async () => {
  expect(await walk(root)).toEqual([
    'enter /a',
    'enter /a/b',
    'leaf /a/b/c',
    'leave /a/b',
    'leaf /a/b-x',
    'leave /a',
    'leaf /z',
  ]);
});

test('a folder not descended into is still entered and left', async () => {
  const options = { path: '/srv', descend: (path: string) => path !== '/srv/a' };
  expect(await walk(root, options)).toEqual(['enter /srv/a', 'leave /srv/a', 'leaf /srv/z']);
});

test('a lost tree is thrown with its folder, or becomes a step and the walk goes on', async () => {
  const treeId = treeOf(store, [lost, fileNode(store, 'z', ['z'])]);
  await expect(walk(treeId)).rejects.toMatchObject({
    code: 'SNAPSHOT_TREE_DAMAGED',
    details: { path: '/lost' },
  });
  expect(await walk(treeId, { damage: 'step' })).toEqual([
    'enter /lost',
    'problem /lost',
    'leave /lost',
    'leaf /z',
  ]);
  expect(await walk('e'.repeat(64), { damage: 'step' })).toEqual(['problem /']);
});

test('a storage out of reach ends the walk, whatever the option', async () => {
  const error = new KeepsakeError('CANCELLED', { reason: 'connection lost' });
  const reader = { loadBlob: () => Promise.reject(error) };
  const steps = walkTree(reader, root, { damage: 'step' });
  await expect(Array.fromAsync(steps)).rejects.toBe(error);
});

test('a tree that contains itself is told, not followed', async () => {
  // No real tree can hold its own hash; a store that answers wrongly can pretend.
  const bytes = await store.loadBlob(
    'tree',
    treeOf(store, [makeNode('d', 0o040755, { subtree: root })]),
  );
  const reader = { loadBlob: () => Promise.resolve(bytes) };
  const steps = await Array.fromAsync(walkTree(reader, root, { damage: 'step' }));
  expect(steps.map(({ phase, path }) => `${phase} ${path}`)).toEqual([
    'enter /d',
    'problem /d',
    'leave /d',
  ]);
});

test('an abort ends the walk with its reason', async () => {
  const reason = new Error('enough');
  await expect(walk(root, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('a node is found by its path, however many slashes that has', async () => {
  expect(await findNode(store, { rootTreeId: root, path: '/a/b/c' })).toMatchObject({ name: 'c' });
  expect(await findNode(store, { rootTreeId: root, path: 'a//b/./c/' })).toMatchObject({ size: 1 });
  expect(await findNode(store, { rootTreeId: root, path: '/a/nope' })).toBeUndefined();
  expect(await findNode(store, { rootTreeId: root, path: '/z/below-a-file' })).toBeUndefined();
});

test('SNAPSHOT:folder gives the tree of the folder, and says what else stands there', async () => {
  expect(await findTree(store, { rootTreeId: root, path: '/' })).toBe(root);
  expect(await findTree(store, { rootTreeId: root, path: '/a/b' })).toBe(deep.subtree);
  await expect(findTree(store, { rootTreeId: root, path: '/q' })).rejects.toMatchObject({
    code: 'SNAPSHOT_PATH_NOT_FOUND',
  });
  await expect(findTree(store, { rootTreeId: root, path: '/z' })).rejects.toMatchObject({
    code: 'SNAPSHOT_PATH_WRONG_TYPE',
  });
});

test('leaves of one folder are read in the order of the packs, folders stay where they are', async () => {
  const files = ['1', '2', '3'].map((name) => fileNode(store, name, [`content ${name}`]));
  const treeId = treeOf(store, [...files, folderNode(store, 'd', [])]);
  const places = ['q 0', 'p 900', 'q -1'];
  const reader = {
    loadBlob: store.loadBlob.bind(store),
    locateBlob(_type: string, id: string) {
      const [packId = '', offset = ''] = (
        places[files.findIndex((file) => file.content?.[0] === id)] ?? ''
      ).split(' ');
      return { packId, offset: Number(offset) };
    },
  };
  const steps = await Array.fromAsync(inReadingOrder(reader, walkTree(reader, treeId)));
  const paths = steps.flatMap((step) =>
    step.phase === 'leaves' ? step.leaves.map(({ path }) => path) : step.path,
  );
  expect(paths).toEqual(['/3', '/1', '/2', '/d', '/d']);
});
