import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { createLab, storeSnapshot } from '../../test/support/repository-lab.ts';
import { fileNode, folderNode, linkNode, treeOf } from '../../test/support/tree-builder.ts';
import { LargeTree } from '../format/large-tree.ts';
import type { Node } from '../format/node.ts';
import { executeIndexRepair, planIndexRepair } from '../repository/repair-index.ts';
import { executeSnapshotRepair, planSnapshotRepair } from './repair-snapshots.ts';

/** So many that their list is read by the entry. */
const links = Array.from({ length: 2200 }, (_, n) =>
  linkNode(`link-${10_000 + n}`, `${n}-`.repeat(4000).slice(0, 4000)),
);

test('a large folder in another one loses the lost piece and nothing else', async () => {
  const lab = await createLab();
  const store = new MemoryBlobStore();
  const file = fileNode(store, 'link-11', ['kept', 'lost']);
  const inner = folderNode(store, 'link-10500', [...links, file]);
  const around = links.filter(({ name }) => name !== inner.name);
  const tree = treeOf(store, [folderNode(store, 'app', [...around, inner])]);
  const id = await storeSnapshot(await lab.open(), { store, tree }, { packSizeBytes: 1 });

  const before = await lab.open();
  await before.loadIndex();
  const name = before.index.find('data', file.content?.[1] ?? '')?.packId ?? '';
  lab.backend.tamper({ kind: 'pack', name }, undefined);
  const indexed = await lab.open();
  await executeIndexRepair(indexed, await planIndexRepair(indexed));

  const repository = await lab.open();
  const plan = await planSnapshotRepair(repository, { forget: false });
  expect(plan.repairs.map(({ repairs }) => repairs)).toEqual([
    [{ kind: 'file', path: '/app/link-10500/link-11', lostPieces: 1, sizeBytes: 8, keptBytes: 4 }],
  ]);
  const events = await Array.fromAsync(executeSnapshotRepair(repository, plan));
  const saved = events.find(({ type }) => type === 'saved')?.id ?? '';

  const after = await lab.open();
  await after.loadIndex();
  const load = async (folder: Node | undefined) => {
    const nodes = await after.loadTree(folder?.subtree ?? '');
    expect(nodes).toBeInstanceOf(LargeTree);
    return [...nodes];
  };
  const [app] = await after.loadTree((await after.loadSnapshot(saved)).tree);
  const outer = await load(app);
  const repaired = outer.find(({ type }) => type === 'dir');
  expect(outer.filter(({ type }) => type !== 'dir')).toEqual(around);
  expect(repaired).toEqual({ ...inner, subtree: repaired?.subtree });
  const kept = { ...file, size: 4, content: file.content?.slice(0, 1) };
  expect(await load(repaired)).toEqual(
    [...links, kept].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
  expect((await after.loadSnapshots()).map((stored) => stored.id)).toContain(id);
});
