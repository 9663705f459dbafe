import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createLab } from '../../test/support/repository-lab.ts';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import type { FileHandle, LoadOptions } from '../backend/backend.ts';
import { WrappedBackend } from '../backend/wrapped-backend.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { planRuns } from './blob-runs.ts';
import type { Repository } from './repository.ts';

/** Blobs of these sizes, in the order in which they lie in their packs. */
async function sampleLab(sizes: readonly number[], packSizeBytes = 64 << 20) {
  const lab = await createLab();
  const store = new MemoryBlobStore();
  const plaintexts = sizes.map((size, n) =>
    n % 2 === 0 ? randomBytes(size) : Buffer.alloc(size, `text ${n} `),
  );
  const ids = plaintexts.map((bytes) => store.saveBlob('data', bytes));
  await save(await lab.open(), plaintexts, { ids, packSizeBytes });
  return { ...lab, plaintexts, ids };
}

async function save(
  repository: Repository,
  plaintexts: readonly Uint8Array[],
  { ids, packSizeBytes }: { ids: readonly string[]; packSizeBytes: number },
): Promise<void> {
  const saver = repository.startWriting({ packSizeBytes });
  for (const [n, bytes] of plaintexts.entries()) await saver.save('data', ids[n] ?? '', bytes);
  await saver.flush();
}

class CountingBackend extends WrappedBackend {
  readonly loaded: { offset: number; length: number }[] = [];

  override load(handle: FileHandle, options: LoadOptions = {}): Promise<Uint8Array> {
    const { offsetBytes: offset = 0, lengthBytes: length = 0 } = options;
    if (handle.kind === 'pack') this.loaded.push({ offset, length });
    return this.inner.load(handle, options);
  }
}

async function openCounting({ backend, open }: Awaited<ReturnType<typeof sampleLab>>) {
  const counting = new CountingBackend(backend);
  const repository = await open(counting);
  await repository.loadIndex();
  return { repository, counting };
}

const equal = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
  a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;

test('neighbours come with one load, the last of them without waiting', async () => {
  const lab = await sampleLab(Array.from({ length: 40 }, () => 8192));
  const { repository, counting } = await openCounting(lab);
  await using reading = repository.startReading();
  const supply = reading.plan(lab.ids);
  expect(supply.held(lab.ids[0] ?? '')).toBeUndefined();
  expect(equal(await supply.load(lab.ids[0] ?? ''), lab.plaintexts[0])).toBe(true);
  for (const [n, id] of lab.ids.entries()) {
    if (n > 0) expect(equal(supply.held(id), lab.plaintexts[n])).toBe(true);
  }
  expect(counting.loaded).toHaveLength(1);
});

test('blobs of every size come in any order, twice, too, and by two threads', async () => {
  const sizes = Array.from({ length: 60 }, (_, n) => [0, 1, 100, 8192, 700_000][n % 5] ?? 0);
  const lab = await sampleLab(
    sizes.map((size, n) => size + n),
    1 << 20,
  );
  const { repository } = await openCounting(lab);
  await using reading = repository.startReading();
  for (const order of [[...lab.ids.keys()], [...lab.ids.keys()].reverse()]) {
    const twice = [...order, ...order];
    const supply = reading.plan(twice.map((n) => lab.ids[n] ?? ''));
    for (const n of twice) {
      const id = lab.ids[n] ?? '';
      expect(supply.sizeBytes(id)).toBe(lab.plaintexts[n]?.length);
      const bytes = supply.held(id) ?? (await supply.load(id));
      expect(equal(bytes, lab.plaintexts[n])).toBe(true);
    }
  }
});

test('a plan gives each blob once, pack by pack and from front to back, and what it lacks last', async () => {
  const lab = await sampleLab(
    Array.from({ length: 30 }, (_, n) => 9000 + n),
    100_000,
  );
  const { repository } = await openCounting(lab);
  await using reading = repository.startReading();
  const unknown = 'ab'.repeat(32);
  const supply = reading.plan([unknown, ...lab.ids.toReversed(), ...lab.ids]);
  const order = [...supply.inPackOrder()];
  expect(order.toSorted()).toEqual([...lab.ids, unknown].toSorted());
  expect(order.at(-1)).toBe(unknown);
  const places = order.flatMap((id) => repository.index.find('data', id) ?? []);
  for (const [n, place] of places.entries()) {
    const before = places[n - 1];
    if (before?.packId === place.packId) expect(place.offset).toBeGreaterThan(before.offset);
  }
  const packs = places.map(({ packId }) => packId).filter((id, n, all) => id !== all[n - 1]);
  expect(new Set(packs).size).toBe(packs.length);
});

test('runs are short enough for memory, and far apart is not read along', async () => {
  const lab = await sampleLab([10_000, 400_000, 10_000, 300_000, 300_000, 5_000_000, 10_000]);
  const { repository } = await openCounting(lab);
  const wanted = lab.ids.filter((_, n) => n !== 1);
  const runs = planRuns(repository.index, wanted);
  expect(runs.flatMap(({ blobs }) => blobs.map(({ id }) => id))).toEqual(wanted);
  for (const { blobs, length } of runs) expect(blobs.length === 1 || length <= 1 << 20).toBe(true);
  const packed = lab.plaintexts.map((_, n) => repository.index.find('data', lab.ids[n] ?? ''));
  const gap = packed[1]?.length ?? 0;
  expect(runs.length).toBeGreaterThanOrEqual(gap > 32 * 1024 ? 3 : 2);
});

test('of a run with a damaged blob the others come, and the damaged one is told by its pack', async () => {
  const lab = await sampleLab(Array.from({ length: 20 }, () => 8192));
  const { repository } = await openCounting(lab);
  const place = repository.index.find('data', lab.ids[7] ?? '');
  if (place === undefined) throw new Error('not stored');
  const handle: FileHandle = { kind: 'pack', name: place.packId };
  const bytes = Uint8Array.from(await lab.backend.load(handle));
  bytes[place.offset + 20] = (bytes[place.offset + 20] ?? 0) ^ 1;
  lab.backend.tamper(handle, bytes);
  await using reading = repository.startReading();
  const supply = reading.plan(lab.ids);
  for (const [n, id] of lab.ids.entries()) {
    const loading = supply.held(id) ?? supply.load(id);
    if (n !== 7) expect(equal(await loading, lab.plaintexts[n])).toBe(true);
    else {
      const code = 'REPOSITORY_BLOB_DAMAGED';
      await expect(loading).rejects.toMatchObject({ code, details: { pack: place.packId } });
    }
  }
});

test('of a pack that ends too soon all that is still there comes', async () => {
  const lab = await sampleLab(Array.from({ length: 20 }, () => 8192));
  const { repository } = await openCounting(lab);
  const place = repository.index.find('data', lab.ids[12] ?? '');
  if (place === undefined) throw new Error('not stored');
  const handle: FileHandle = { kind: 'pack', name: place.packId };
  lab.backend.tamper(handle, (await lab.backend.load(handle)).slice(0, place.offset + 10));
  await using reading = repository.startReading();
  const supply = reading.plan(lab.ids);
  const results = await Promise.allSettled(lab.ids.map((id) => supply.load(id)));
  for (const [n, id] of lab.ids.entries()) {
    const { offset = 0 } = repository.index.find('data', id) ?? {};
    expect(results[n]?.status).toBe(offset < place.offset ? 'fulfilled' : 'rejected');
  }
});

test('a blob that no index names is told, and a store out of reach stops everything', async () => {
  const lab = await sampleLab([8192, 8192]);
  const { repository, counting } = await openCounting(lab);
  await using reading = repository.startReading();
  const unknown = 'ab'.repeat(32);
  await expect(reading.plan([unknown]).load(unknown)).rejects.toMatchObject({
    code: 'REPOSITORY_BLOB_MISSING',
  });
  const details = { location: 'nas', why: 'no route' };
  const failure = new KeepsakeError('BACKEND_UNREACHABLE', details as never);
  counting.load = () => Promise.reject(failure);
  const [id = ''] = lab.ids;
  await expect(reading.plan(lab.ids).load(id)).rejects.toBe(failure);
});

test('what was not used before the next turn is an empty array, never other bytes', async () => {
  const lab = await sampleLab([8192]);
  const { repository } = await openCounting(lab);
  await using reading = repository.startReading();
  const [id = ''] = lab.ids;
  const bytes = await reading.plan(lab.ids).load(id);
  expect(equal(bytes, lab.plaintexts[0])).toBe(true);
  await new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
  expect(bytes).toHaveLength(0);
});

test('reading that is left leaves no thread at work', async () => {
  const lab = await sampleLab(Array.from({ length: 12 }, () => 1 << 20));
  const { repository } = await openCounting(lab);
  const reading = repository.startReading();
  const supply = reading.plan(lab.ids);
  const under = lab.ids.map((id) => supply.load(id).then(String, () => 'stopped'));
  await under[5];
  await reading[Symbol.asyncDispose]();
  await Promise.all(under);
  const again = reading.plan(lab.ids.slice(0, 1));
  await expect(again.load(lab.ids[0] ?? '')).rejects.toThrow('the opening worker was stopped');
});
