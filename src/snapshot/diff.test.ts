import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import {
  fileNode,
  folderNode,
  linkNode,
  makeNode,
  treeOf,
} from '../../test/support/tree-builder.ts';
import type { Node } from '../format/node.ts';
import { diffTrees, type DiffOptions } from './diff.ts';

const store = new MemoryBlobStore();
const later = { mtime: '2025-01-01T00:00:00Z' };

async function diff(before: Node[], after: Node[], options?: DiffOptions) {
  const trees = { before: treeOf(store, before), after: treeOf(store, after) };
  const events = await Array.fromAsync(diffTrees(store, trees, options));
  const last = events.at(-1);
  if (last?.kind !== 'statistics') throw new Error('the last event is not the statistics');
  const changes = events.flatMap((event) =>
    event.kind === 'change' ? [`${event.modifier} ${event.path}`] : [],
  );
  const problems = events.flatMap((event) => (event.kind === 'problem' ? [event.path] : []));
  return { changes, problems, statistics: last };
}

test('equal trees differ in nothing', async () => {
  const nodes = [folderNode(store, 'd', [fileNode(store, 'f', ['x'])])];
  const { changes, statistics } = await diff(nodes, nodes);
  expect(changes).toEqual([]);
  const none = { files: 0, dirs: 0, others: 0, data_blobs: 0, tree_blobs: 0, bytes: 0 };
  expect(statistics).toMatchObject({ changedFiles: 0, added: none, removed: none });
});

test('added and removed folders are told with all that is in them', async () => {
  const gone = folderNode(store, 'gone', [fileNode(store, 'f', ['x']), linkNode('l', 'f')]);
  const come = folderNode(store, 'come', [folderNode(store, 'e', [])]);
  const { changes, statistics } = await diff([gone], [come]);
  expect(changes).toEqual(['+ /come/', '+ /come/e/', '- /gone/', '- /gone/f', '- /gone/l']);
  expect(statistics.added).toMatchObject({ files: 0, dirs: 2, others: 0, data_blobs: 0 });
  expect(statistics.removed).toMatchObject({ files: 1, dirs: 1, others: 1, data_blobs: 1 });
});

test('statistics count each blob once, and none that the other side has', async () => {
  const before = [fileNode(store, 'a', ['shared', 'old']), fileNode(store, 'b', ['old'])];
  const after = [
    fileNode(store, 'a', ['shared', 'newer'], later),
    fileNode(store, 'b', ['old'], later),
  ];
  const { changes, statistics } = await diff(before, after);
  expect(changes).toEqual(['M /a']);
  expect(statistics.changedFiles).toBe(1);
  expect(statistics.removed).toMatchObject({ data_blobs: 0, tree_blobs: 1 });
  expect(statistics.added).toMatchObject({ data_blobs: 1, tree_blobs: 1 });
  const treeBytes = (await store.loadBlob('tree', treeOf(store, after))).length;
  expect(statistics.added.bytes).toBe(treeBytes + 'newer'.length);
});

test('a blob that moved out of a common folder is neither new nor gone', async () => {
  const common = folderNode(store, 'common', [fileNode(store, 'f', ['x'])]);
  const { statistics } = await diff([common, fileNode(store, 'copy', ['x'])], [common]);
  expect(statistics.removed).toMatchObject({ files: 1, data_blobs: 0 });
});

test('other content under the same metadata looks like bit rot', async () => {
  const { changes } = await diff([fileNode(store, 'f', ['a'])], [fileNode(store, 'f', ['b'])]);
  expect(changes).toEqual(['M? /f']);
});

test('another type, and other metadata when asked for', async () => {
  const before = [fileNode(store, 'f', ['a']), fileNode(store, 'g', ['a'])];
  const after = [linkNode('f', 'g'), fileNode(store, 'g', ['a'], later)];
  expect((await diff(before, after)).changes).toEqual(['T /f']);
  expect((await diff(before, after, { metadata: true })).changes).toEqual(['TU /f', 'U /g']);
});

test('the same instant written another way is no change of metadata', async () => {
  const before = [fileNode(store, 'f', ['a'], { mtime: '2025-01-01T01:00:00+01:00' })];
  const after = [fileNode(store, 'f', ['a'], { mtime: '2025-01-01T00:00:00Z' })];
  expect((await diff(before, after, { metadata: true })).changes).toEqual([]);
});

test('a file that became a folder shows as one change of type, and its tree as new', async () => {
  const folder = folderNode(store, 'x', [fileNode(store, 'f', ['y'])]);
  const { changes } = await diff([fileNode(store, 'x', ['y'])], [folder]);
  expect(changes).toEqual(['T /x/']);
});

test('a folder that cannot be read is told, and the rest compared', async () => {
  const lost = makeNode('lost', 0o040755, { subtree: 'e'.repeat(64) });
  const { changes, problems } = await diff(
    [folderNode(store, 'lost', []), fileNode(store, 'z', ['1'])],
    [lost, fileNode(store, 'z', ['2'], later)],
  );
  expect(problems).toEqual(['/lost']);
  expect(changes).toEqual(['M /z']);
});
