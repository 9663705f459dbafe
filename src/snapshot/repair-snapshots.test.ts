import { expect, test } from 'vitest';
import { tellDeaths } from '../../test/support/crash-steps.ts';
import { FaultyBackend, SimulatedKill } from '../../test/support/faulty-backend.ts';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { createLab, storeSnapshot } from '../../test/support/repository-lab.ts';
import { fileNode, folderNode, linkNode, treeOf } from '../../test/support/tree-builder.ts';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { systemRandom } from '../base/clock.ts';
import { encodeTree } from '../format/tree.ts';
import { checkRepository } from '../repository/check.ts';
import { executeIndexRepair, planIndexRepair } from '../repository/repair-index.ts';
import type { Repository } from '../repository/repository.ts';
import {
  executeSnapshotRepair,
  planSnapshotRepair,
  type SnapshotRepairEvent,
} from './repair-snapshots.ts';
import { walkTree } from './tree-walk.ts';

const pieces = (count: number) => Array.from({ length: count }, () => systemRandom(100));

/** A folder with a file of three pieces, one of one piece, and a folder below. */
async function startLab() {
  const lab = await createLab();
  const { backend } = lab;
  const store = new MemoryBlobStore();
  const big = fileNode(store, 'big', pieces(3));
  const below = folderNode(store, 'below', [fileNode(store, 'deep', pieces(1))]);
  const app = folderNode(store, 'app', [
    below,
    big,
    linkNode('link', 'big'),
    fileNode(store, 'small', pieces(1)),
  ]);
  const tree = treeOf(store, [app]);
  const fields = { tags: ['app:x'], unknownFields: { future: '{"a":1}' } };
  const id = await storeSnapshot(
    await lab.open(),
    { store, tree },
    { packSizeBytes: 1, fields }, // a pack for each blob
  );
  const openIndexed = async (over = backend as Parameters<typeof lab.open>[0]) => {
    const repository = await lab.open(over);
    await repository.loadIndex();
    return repository;
  };
  const before = await openIndexed();
  /** Takes away the pack of a blob, and lets the index know. */
  const lose = async (type: 'data' | 'tree', blob: string) => {
    const name = before.index.find(type, blob)?.packId ?? '';
    backend.tamper({ kind: 'pack', name }, undefined);
    const repository = await lab.open();
    await executeIndexRepair(repository, await planIndexRepair(repository));
    return name;
  };
  const repair = async (options: { forget?: boolean; only?: string[] } = {}) => {
    const repository = await openIndexed();
    const plan = await planSnapshotRepair(repository, { forget: false, ...options });
    const events = await Array.fromAsync(executeSnapshotRepair(repository, plan));
    return { plan, events };
  };
  return { ...lab, store, id, tree, big, below, openIndexed, lose, repair };
}

async function errorCount(repository: Repository): Promise<number> {
  for await (const event of checkRepository(repository)) {
    if (event.type === 'summary') return event.summary.errorCount;
  }
  return -1;
}

const savedId = (events: readonly SnapshotRepairEvent[]): string =>
  events.find(({ type }) => type === 'saved')?.id ?? '';

test('sound snapshots are left alone', async () => {
  const { repair, backend } = await startLab();
  const before = backend.files();
  const { plan } = await repair({ forget: true });
  expect(plan).toMatchObject({ repairs: [], lost: [], refused: [], soundCount: 1 });
  expect(backend.files()).toEqual(before);
});

test('a lost piece leaves its file, everything else stays, and the old snapshot too', async () => {
  const { repair, lose, openIndexed, id, big } = await startLab();
  await lose('data', big.content?.[1] ?? '');
  const { plan, events } = await repair();
  expect(plan.repairs[0]?.repairs).toEqual([
    { kind: 'file', path: '/app/big', lostPieces: 1, sizeBytes: 300, keptBytes: 200 },
  ]);
  const repository = await openIndexed();
  const snapshots = await repository.loadSnapshots();
  expect(snapshots.map((stored) => stored.id)).toContain(id);
  const made = snapshots.find((stored) => stored.id === savedId(events))?.snapshot;
  expect(made).toMatchObject({
    original: id,
    tags: ['app:x', 'repaired', 'damaged'],
    unknownFields: { future: '{"a":1}' },
    time: '2026-01-02T03:04:05Z',
  });
  const steps = await Array.fromAsync(walkTree(repository, made?.tree ?? ''));
  const leaf = steps.find(({ path }) => path === '/app/big');
  expect(leaf?.phase === 'leaf' && leaf.node).toEqual({
    ...big,
    size: 200,
    content: [big.content?.[0], big.content?.[2]],
  });
  expect(steps.map(({ path }) => path)).toContain('/app/below/deep');
});

test('a lost list of a folder becomes an empty folder with its own metadata', async () => {
  const { repair, lose, openIndexed, below } = await startLab();
  await lose('tree', below.subtree ?? '');
  const { plan, events } = await repair();
  expect(plan.repairs[0]?.repairs).toMatchObject([{ kind: 'folder', path: '/app/below' }]);
  const repository = await openIndexed();
  const { tree } = await repository.loadSnapshot(savedId(events));
  const steps = await Array.fromAsync(walkTree(repository, tree));
  const folder = steps.find(({ path, phase }) => path === '/app/below' && phase === 'enter');
  expect(folder?.phase === 'enter' && { ...folder.node, subtree: '' }).toEqual({
    ...below,
    subtree: '',
  });
  expect(steps.map(({ path }) => path)).not.toContain('/app/below/deep');
});

test('with forget the old snapshot goes, and then check finds nothing wrong', async () => {
  const { repair, lose, openIndexed, id, below, big } = await startLab();
  await lose('tree', below.subtree ?? '');
  await lose('data', big.content?.[0] ?? '');
  const { events } = await repair({ forget: true });
  expect(events).toContainEqual({ type: 'removed', id });
  expect(await errorCount(await openIndexed())).toBe(0);
});

test('a repair done twice makes one snapshot; forgetting can be made up for later', async () => {
  const { repair, lose, openIndexed, id, big } = await startLab();
  await lose('data', big.content?.[0] ?? '');
  const first = await repair();
  const second = await repair();
  expect(second.events).toEqual([]);
  expect(second.plan.repairs[0]?.repairedAs).toBe(savedId(first.events));
  expect((await repair({ forget: true })).events).toEqual([{ type: 'removed', id }]);
  expect(await (await openIndexed()).loadSnapshots()).toHaveLength(1);
});

test('only the snapshots that are named are repaired', async () => {
  const { repair, lose, big } = await startLab();
  await lose('data', big.content?.[0] ?? '');
  const { plan, events } = await repair({ only: [] });
  expect(plan.repairs).toEqual([]);
  expect(events).toEqual([]);
});

test('an index that names a missing pack must be repaired first', async () => {
  const { openIndexed, backend, big } = await startLab();
  const repository = await openIndexed();
  const name = repository.index.find('data', big.content?.[0] ?? '')?.packId ?? '';
  backend.tamper({ kind: 'pack', name }, undefined);
  const plan = planSnapshotRepair(repository, { forget: true });
  await expect(plan).rejects.toMatchObject({
    code: 'REPAIR_INDEX_FIRST',
    details: { gone: [name] },
    hint: expect.stringContaining('repair index') as string,
  });
});

test('what lies in a pack that no index names is not given up', async () => {
  const { lose, repair, big, backend } = await startLab();
  const files = backend.files();
  const name = await lose('data', big.content?.[0] ?? '');
  backend.tamper({ kind: 'pack', name }, files.get(`data/${name.slice(0, 2)}/${name}`));
  await expect(repair({ forget: true })).rejects.toMatchObject({
    code: 'REPAIR_INDEX_FIRST',
    details: { found: [name] },
  });
});

test('a tree that cannot be written anew without loss is refused, and the others are repaired', async () => {
  const { openIndexed, lose, repair, big } = await startLab();
  const repository = await openIndexed();
  const store = new MemoryBlobStore();
  const plain = utf8Decode(encodeTree([big]));
  const tree = store.saveBlob('tree', utf8Encode(plain.replace('{', '{"version":9,')));
  const futureId = await storeSnapshot(repository, { store, tree });
  await lose('data', big.content?.[0] ?? '');
  const { plan, events } = await repair();
  expect(plan.refused).toMatchObject([
    { id: futureId, error: { code: 'REPAIR_TREE_UNSUPPORTED', exitCode: 1 } },
  ]);
  expect(plan.repairs).toHaveLength(1);
  expect(events).toHaveLength(1);
});

test('a tree that is whole and not understood is kept where nothing below changes', async () => {
  const { open } = await createLab();
  const store = new MemoryBlobStore();
  const odd = store.saveBlob('tree', utf8Encode('{"later":true,"nodes":[]}\n'));
  const tree = treeOf(store, [{ ...folderNode(store, 'odd', []), subtree: odd }]);
  await storeSnapshot(await open(), { store, tree });
  const repository = await open();
  await repository.loadIndex();
  const plan = await planSnapshotRepair(repository, { forget: false });
  expect(plan.soundCount).toBe(1);
});

test('a snapshot without root, or with a damaged file, goes only when named and to be forgotten', async () => {
  const { lose, repair, id, tree, backend } = await startLab();
  await lose('tree', tree);
  const file = 'ab'.repeat(32);
  backend.tamper({ kind: 'snapshot', name: file }, utf8Encode('rubbish'));
  for (const options of [{}, { forget: true }, { only: [id, file] }]) {
    const { plan, events } = await repair(options);
    expect(plan.lost.map((lost) => [lost.id, lost.remove])).toEqual(
      expect.arrayContaining([
        [id, false],
        [file, false],
      ]),
    );
    expect(events).toEqual([]);
  }
  const { events } = await repair({ forget: true, only: [id, file] });
  expect(events.map((event) => event.id).toSorted()).toEqual([id, file].toSorted());
  expect(await Array.fromAsync(backend.list('snapshot'))).toEqual([]);
});

test('a size that was noted wrongly is set right', async () => {
  const { open } = await createLab();
  const store = new MemoryBlobStore();
  const tree = treeOf(store, [fileNode(store, 'f', ['12345'], { size: 9 })]);
  await storeSnapshot(await open(), { store, tree });
  const repository = await open();
  await repository.loadIndex();
  const { repairs } = await planSnapshotRepair(repository, { forget: false });
  expect(repairs[0]?.repairs).toEqual([
    { kind: 'size', path: '/f', sizeBytes: 9, contentBytes: 5 },
  ]);
});

test('a file without a list of pieces becomes an empty one', async () => {
  const { open } = await createLab();
  const store = new MemoryBlobStore();
  const tree = treeOf(store, [fileNode(store, 'f', [], { content: null, size: 0 })]);
  await storeSnapshot(await open(), { store, tree });
  expect(await errorCount(await open())).toBeGreaterThan(0);
  const repository = await open();
  await repository.loadIndex();
  const plan = await planSnapshotRepair(repository, { forget: true });
  await Array.fromAsync(executeSnapshotRepair(repository, plan));
  expect(await errorCount(await open())).toBe(0);
});

/** Without the list of the folder below. */
const KEPT = ['/app', '/app/below', '/app/big', '/app/link', '/app/small'];

test('killed at any write, either the old snapshot is there or the whole new one', async () => {
  for (let n = 1; ; n += 1) {
    const { lose, openIndexed, id, below, store, backend } = await startLab();
    await lose('tree', below.subtree ?? '');
    const faulty = new FaultyBackend(backend);
    faulty.failAtOperation(n);
    const repository = await openIndexed(faulty);
    const plan = await planSnapshotRepair(repository, { forget: true });
    const killed = await Array.fromAsync(executeSnapshotRepair(repository, plan)).then(
      () => false,
      (error: unknown) => error instanceof SimulatedKill,
    );
    const after = await openIndexed();
    const snapshots = await after.loadSnapshots();
    const made = snapshots.find(({ snapshot }) => snapshot.original === id);
    expect(made !== undefined || snapshots.some((stored) => stored.id === id)).toBe(true);
    if (made !== undefined) {
      const steps = await Array.fromAsync(walkTree(after, made.snapshot.tree));
      expect(steps.flatMap((step) => (step.phase === 'leave' ? [] : [step.path]))).toEqual(KEPT);
      const pieces = steps.flatMap((step) =>
        step.phase === 'leaf' ? (step.node.content ?? []) : [],
      );
      expect(pieces).toHaveLength(4);
      for (const piece of pieces) {
        const bytes = await after.loadBlob('data', piece);
        expect(Buffer.from(bytes).equals(await store.loadBlob('data', piece))).toBe(true);
      }
    }
    if (killed) continue;
    tellDeaths('repair snapshots', n - 1);
    expect(n - 1).toBeGreaterThan(3); // pack, index, the new snapshot, the old one
    return;
  }
});
