import { expect, test } from 'vitest';
import { tellDeaths } from '../../test/support/crash-steps.ts';
import { FaultyBackend, SimulatedKill } from '../../test/support/faulty-backend.ts';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { createLab, storeSnapshot } from '../../test/support/repository-lab.ts';
import { fileNode, treeOf } from '../../test/support/tree-builder.ts';
import type { Backend } from '../backend/backend.ts';
import { systemRandom } from '../base/clock.ts';
import { encodeIndexFile } from '../format/index-file.ts';
import { checkRepository } from './check.ts';
import {
  changesNothing,
  executeIndexRepair,
  planIndexRepair,
  type IndexRepairPlan,
} from './repair-index.ts';

/** Twelve files of 300 bytes, several packs of data and one of trees. */
async function startLab() {
  const lab = await createLab();
  const store = new MemoryBlobStore();
  const files = Array.from({ length: 12 }, (_, n) => fileNode(store, `f${n}`, [systemRandom(300)]));
  const tree = treeOf(store, files);
  const { open, backend } = lab;
  await storeSnapshot(await open(), { store, tree }, { packSizeBytes: 1000 });
  const before = await open();
  await before.loadIndex();
  const [indexFile = ''] = (await Array.fromAsync(backend.list('index'))).map(({ name }) => name);
  const dataPacks = before.index
    .packIds()
    .filter((id) => [...before.index.entriesOf(id)][0]?.type === 'data');

  const plan = async (readData = false) => planIndexRepair(await open(), { readData });
  const repair = async ({ readData = false, over = backend as Backend } = {}) => {
    const repository = await open(over);
    const made = await planIndexRepair(repository, { readData });
    await executeIndexRepair(repository, made);
    return made;
  };
  /** Errors of `check --read-data`. */
  const errors = async () => {
    const found: string[] = [];
    for await (const event of checkRepository(await open(), { readData: { kind: 'all' } })) {
      if (event.type === 'summary') expect(event.summary.errorCount).toBe(found.length);
      if (event.type !== 'problem') continue;
      const { kind } = event.problem;
      if (kind !== 'pack-unreferenced') found.push(kind);
    }
    return [...new Set(found)];
  };
  const flip = async (name: string, at: number) => {
    const bytes = await backend.load({ kind: 'pack', name });
    backend.tamper({ kind: 'pack', name }, bytes.with(at, (bytes[at] ?? 0) ^ 1));
  };
  return { ...lab, store, indexFile, dataPacks, plan, repair, errors, flip, before };
}

const ids = (plan: IndexRepairPlan) => plan.writePacks.map(({ id }) => id).toSorted();

test('a right index is left as it is, however often it is asked for', async () => {
  const { plan, repair, backend, errors } = await startLab();
  expect(changesNothing(await plan())).toBe(true);
  expect(changesNothing(await plan(true))).toBe(true);
  const before = backend.files();
  await repair();
  await repair({ readData: true });
  expect(backend.files()).toEqual(before);
  expect(await errors()).toEqual([]);
});

test('packs that no index names are named again', async () => {
  const { backend, indexFile, repair, errors, before } = await startLab();
  backend.tamper({ kind: 'index', name: indexFile }, undefined);
  expect(await errors()).not.toEqual([]);
  const made = await repair();
  expect(made.addedPacks.toSorted()).toEqual(before.index.packIds().toSorted());
  expect(made.removeIndexFiles).toEqual([]);
  expect(await errors()).toEqual([]);
});

test('a damaged index file is replaced by what the packs say', async () => {
  const { backend, indexFile, repair, errors, before, plan } = await startLab();
  backend.tamper({ kind: 'index', name: indexFile }, new Uint8Array(100));
  const made = await repair();
  expect(made.removeIndexFiles.map(({ name }) => name)).toEqual([indexFile]);
  expect(ids(made)).toEqual(before.index.packIds().toSorted());
  expect(await errors()).toEqual([]);
  expect(changesNothing(await plan())).toBe(true);
});

test('a missing pack leaves the index, and all others stay in it', async () => {
  const { backend, dataPacks, repair, errors, before } = await startLab();
  const [lost = ''] = dataPacks;
  backend.tamper({ kind: 'pack', name: lost }, undefined);
  const made = await repair();
  expect(made.missingPacks).toEqual([lost]);
  expect(ids(made)).toEqual(
    before.index
      .packIds()
      .filter((id) => id !== lost)
      .toSorted(),
  );
  expect(made.addedPacks).toEqual([]);
  // What is gone is gone: the files say so, the index is right.
  expect(await errors()).toEqual(['content-missing', 'snapshot-hurt']);
});

test('of a truncated pack the blobs before the cut are stored anew', async () => {
  const { backend, dataPacks, repair, open, before, errors, plan } = await startLab();
  const [cut = ''] = dataPacks;
  const bytes = await backend.load({ kind: 'pack', name: cut });
  const [first, second, ...rest] = [...before.index.entriesOf(cut)];
  const end = (second?.offset ?? 0) + (second?.length ?? 0);
  backend.tamper({ kind: 'pack', name: cut }, bytes.subarray(0, end));
  const made = await repair();
  expect(made.unusablePacks).toMatchObject([{ name: cut, lostCount: rest.length }]);
  const after = await open();
  await after.loadIndex();
  for (const blob of [first, second]) {
    const place = after.index.find('data', blob?.id ?? '');
    expect(place?.packId).not.toBe(cut);
    await expect(after.loadBlob('data', blob?.id ?? '')).resolves.toHaveLength(300);
  }
  for (const blob of rest) expect(after.index.has('data', blob.id)).toBe(false);
  expect(await errors()).toEqual(['content-missing', 'snapshot-hurt']);
  // The remains of the pack are still there, and are not taken for something new.
  expect(changesNothing(await plan())).toBe(true);
});

test('a flipped byte inside a pack is found by reading, and only its blob is lost', async () => {
  const { dataPacks, repair, errors, flip, plan, before } = await startLab();
  const [hurt = ''] = dataPacks;
  await flip(hurt, 10);
  expect(changesNothing(await plan())).toBe(true);
  const made = await repair({ readData: true });
  const blobs = [...before.index.entriesOf(hurt)];
  expect(made.unusablePacks).toMatchObject([{ name: hurt, lostCount: 1 }]);
  expect(made.unusablePacks[0]?.salvage).toHaveLength(blobs.length - 1);
  expect(await errors()).toEqual(['content-missing', 'snapshot-hurt']);
  expect(changesNothing(await plan())).toBe(true);
  expect(changesNothing(await plan(true))).toBe(true);
});

test('a flipped byte in a pack’s header loses nothing', async () => {
  const { dataPacks, repair, errors, flip, backend } = await startLab();
  const [hurt = ''] = dataPacks;
  const { sizeBytes } = await backend.stat({ kind: 'pack', name: hurt });
  await flip(hurt, sizeBytes - 10);
  expect(await errors()).toEqual(['pack-damaged']);
  const made = await repair({ readData: true });
  expect(made.unusablePacks).toMatchObject([{ name: hurt, lostCount: 0 }]);
  expect(await errors()).toEqual([]);
});

test('a pack that is damaged and in no index is not named by the new one', async () => {
  const { dataPacks, repair, errors, flip, backend, indexFile } = await startLab();
  const [hurt = ''] = dataPacks;
  await flip(hurt, 10);
  backend.tamper({ kind: 'index', name: indexFile }, undefined);
  const made = await repair();
  expect(made.addedPacks).not.toContain(hurt);
  expect(made.unusablePacks[0]?.salvage.length).toBeGreaterThan(0);
  expect(await errors()).toEqual(['content-missing', 'snapshot-hurt']);
});

test('a copy of a pack under a wrong name stays out of the index; without the original it serves', async () => {
  const { dataPacks, repair, errors, plan, backend, indexFile } = await startLab();
  const [name = ''] = dataPacks;
  const original = { kind: 'pack', name } as const;
  const copy = { kind: 'pack', name: 'ab'.repeat(32) } as const;
  const bytes = await backend.load(original);
  backend.tamper(copy, bytes);
  expect(changesNothing(await plan())).toBe(true);
  backend.tamper({ kind: 'index', name: indexFile }, undefined);
  expect((await repair()).addedPacks).not.toContain(copy.name);
  backend.tamper(original, undefined);
  const made = await repair();
  expect(made.unusablePacks).toMatchObject([{ name: copy.name, lostCount: 0 }]);
  expect(await errors()).toEqual([]);
});

test('index files that disagree about a pack are settled by the pack itself', async () => {
  const { dataPacks, repair, errors, before, open } = await startLab();
  const [id = ''] = dataPacks;
  const blobs = [...before.index.entriesOf(id)];
  const wrong = encodeIndexFile({ supersedes: [], packs: [{ id, blobs: blobs.slice(1) }] });
  await (await open()).files.save('index', wrong);
  expect(await errors()).toContain('pack-indexed-twice');
  await repair();
  expect(await errors()).toEqual([]);
});

test('a pack that two index files hold in parts, as old restic wrote them, is put together', async () => {
  const { dataPacks, repair, errors, before, open, backend, indexFile } = await startLab();
  const repository = await open();
  const packs = before.index
    .packIds()
    .map((id) => ({ id, blobs: [...before.index.entriesOf(id)] }));
  backend.tamper({ kind: 'index', name: indexFile }, undefined);
  for (const half of [0, 1]) {
    const part = packs.flatMap(({ id, blobs }) => {
      if (id !== dataPacks[0]) return half === 0 ? [{ id, blobs }] : [];
      return [{ id, blobs: half === 0 ? blobs.slice(0, 1) : blobs.slice(1) }];
    });
    await repository.files.save('index', encodeIndexFile({ supersedes: [], packs: part }));
  }
  const made = await repair();
  expect(made.addedPacks).toEqual([dataPacks[0]]);
  expect(await errors()).toEqual([]);
});

test('killed at any write, no blob that was indexed before is missing from the index', async () => {
  for (let n = 1; ; n += 1) {
    const { backend, dataPacks, repair, open, flip, before } = await startLab();
    const [hurt = '', gone = ''] = dataPacks;
    await flip(hurt, 10);
    backend.tamper({ kind: 'pack', name: gone }, undefined);
    const faulty = new FaultyBackend(backend);
    faulty.failAtOperation(n);
    const killed = await repair({ readData: true, over: faulty }).then(
      () => false,
      (error: unknown) => error instanceof SimulatedKill,
    );
    const after = await open();
    await after.loadIndex();
    for (const place of before.index.entries()) {
      if (place.packId === gone || (place.packId === hurt && place.offset <= 10)) continue;
      await expect(after.loadBlob(place.type, place.id)).resolves.toBeDefined();
    }
    if (!killed) {
      tellDeaths('repair index', n - 1);
      expect(n - 1).toBeGreaterThan(1); // the new index, the old one
      return;
    }
    await repair({ readData: true });
  }
});

test('progress counts the packs that are read', async () => {
  const { open, before } = await startLab();
  const seen: number[][] = [];
  const onProgress = (...counts: number[]) => void seen.push(counts);
  await planIndexRepair(await open(), { readData: true, onProgress });
  const { packCount } = before.index;
  expect(seen.at(-1)).toEqual([packCount, packCount]);
  expect(seen).toHaveLength(packCount);
});
