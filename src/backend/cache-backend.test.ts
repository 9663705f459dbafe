import { truncate, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DurableFileLayer, systemError } from '../../test/support/durable-file-layer.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FaultyBackend } from '../../test/support/faulty-backend.ts';
import { interceptFileLayer, type Interceptor } from '../../test/support/intercepted-file-layer.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import type { Backend, FileHandle, LoadOptions } from './backend.ts';
import { describeBackend } from './backend-suite.ts';
import { handleOf } from '../../test/support/backend-files.ts';
import { withCache } from './cache-backend.ts';
import { createMemBackend, type MemBackend } from './mem-backend.ts';
import { removeOldCaches } from './old-caches.ts';
import { WrappedBackend } from './wrapped-backend.ts';

const ID = 'f0'.repeat(32);
const known = { repositoryId: ID, clock: systemClock, random: systemRandom };
const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const TREES: FileHandle = { ...handleOf('pack', BYTES), content: 'tree' };
const SNAPSHOT = handleOf('snapshot', BYTES);
const INDEX = handleOf('index', BYTES);

/** Notes what is asked of the store. */
class CountingBackend extends WrappedBackend {
  readonly loads: { kind: string; lengthBytes: number | undefined }[] = [];

  override load(handle: FileHandle, options?: LoadOptions): Promise<Uint8Array> {
    this.loads.push({ kind: handle.kind, lengthBytes: options?.lengthBytes });
    return this.inner.load(handle, options);
  }
}

interface Setting {
  folder: string;
  store: MemBackend;
  counted: CountingBackend;
  /** A new process over the same store and cache. */
  open: () => Backend;
  fileOf: (handle: FileHandle) => string;
}

async function setting(): Promise<Setting> {
  const temporary = await tempFolder();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  const folder = temporary.join('cache');
  const store = createMemBackend();
  const counted = new CountingBackend(store);
  const folders = { snapshot: 'snapshots', index: 'index', pack: 'data' } as Record<string, string>;
  return {
    folder,
    store,
    counted,
    open: () => withCache(counted, { ...known, folder }),
    fileOf: ({ kind, name }) => join(folder, ID, folders[kind] ?? '', name.slice(0, 2), name),
  };
}

const inMemory = (intercept: Interceptor, onFailure?: (error: unknown) => void): Backend =>
  withCache(createMemBackend(), {
    ...known,
    folder: '/cache',
    fileLayer: interceptFileLayer(new DurableFileLayer(), intercept),
    onFailure,
  });

describeBackend('cache', async () => inMemory(() => {}));

describeBackend('cache, in a folder that fails each call', async () =>
  inMemory(({ path }) => {
    throw systemError('EIO', path);
  }),
);

test.each([
  ['snapshot', SNAPSHOT],
  ['index', INDEX],
  ['tree pack', TREES],
])('a saved %s is not asked of the store again, by a later run either', async (_, handle) => {
  const { counted, open, fileOf } = await setting();
  await open().save(handle, BYTES);
  expect(Buffer.compare(await readFile(fileOf(handle)), BYTES)).toBe(0);
  const backend = open();
  expect(await backend.load(handle, { offsetBytes: 5, lengthBytes: 3 })).toEqual(
    Buffer.from(BYTES.subarray(5, 8)),
  );
  expect((await backend.load(handle)).byteLength).toBe(1000);
  expect(counted.loads).toEqual([]);
});

test('the first part loaded of a tree pack brings the whole pack, once', async () => {
  const { store, counted, open } = await setting();
  await store.save(TREES, BYTES);
  const backend = open();
  const parts = Array.from({ length: 20 }, (_, i) =>
    backend.load(TREES, { offsetBytes: i * 10, lengthBytes: 10 }),
  );
  for (const [i, part] of (await Promise.all(parts)).entries())
    expect([...part]).toEqual([...BYTES.subarray(i * 10, i * 10 + 10)]);
  expect(counted.loads).toEqual([{ kind: 'pack', lengthBytes: undefined }]);
});

test('packs of data, keys and locks pass through and leave no trace', async () => {
  const { folder, counted, open } = await setting();
  const backend = open();
  const data: FileHandle = { ...handleOf('pack', BYTES), content: 'data' };
  await backend.save(data, BYTES);
  await backend.load(data, { offsetBytes: 5, lengthBytes: 3 });
  await backend.save(handleOf('key', BYTES), BYTES);
  await backend.save(handleOf('lock', BYTES), BYTES);
  expect(counted.loads).toEqual([{ kind: 'pack', lengthBytes: 3 }]);
  await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['flipped', async (path: string) => writeFile(path, BYTES.with(500, 1 + (BYTES[500] ?? 0)))],
  ['cut off', async (path: string) => truncate(path, 400)],
  ['emptied', async (path: string) => truncate(path, 0)],
  ['lengthened', async (path: string) => writeFile(path, 'x', { flag: 'a' })],
])('a cached file that was %s is thrown away and loaded from the store', async (_, damage) => {
  const { open, fileOf, counted } = await setting();
  for (const handle of [SNAPSHOT, INDEX, TREES]) {
    await open().save(handle, BYTES);
    await damage(fileOf(handle));
    const part = await open().load(handle, { offsetBytes: 450, lengthBytes: 100 });
    expect([...part]).toEqual([...BYTES.subarray(450, 550)]);
    expect(Buffer.compare(await readFile(fileOf(handle)), BYTES)).toBe(0);
  }
  expect(counted.loads).toHaveLength(3);
});

test('a tree pack cut off after it was first read is loaded from the store', async () => {
  const { open, fileOf } = await setting();
  const backend = open();
  await backend.save(TREES, BYTES);
  await backend.load(TREES, { lengthBytes: 10 });
  await truncate(fileOf(TREES), 400);
  const part = await backend.load(TREES, { offsetBytes: 450, lengthBytes: 10 });
  expect([...part]).toEqual([...BYTES.subarray(450, 460)]);
});

test('what the store gives wrongly is passed on and never kept', async () => {
  const { store, open, fileOf } = await setting();
  for (const handle of [SNAPSHOT, TREES]) {
    store.tamper(handle, Uint8Array.of(1, 2, 3));
    expect([...(await open().load(handle))]).toEqual([1, 2, 3]);
    await expect(stat(fileOf(handle))).rejects.toMatchObject({ code: 'ENOENT' });
  }
});

test('a failed load leaves the way free for the next', async () => {
  const faulty = new FaultyBackend(createMemBackend());
  const backend = withCache(faulty, {
    ...known,
    folder: '/cache',
    fileLayer: new DurableFileLayer(),
  });
  await faulty.save(TREES, BYTES);
  faulty.fail('load', new Error('once'));
  const both = await Promise.allSettled([backend.load(TREES), backend.load(TREES)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

test('listing removes cached files that the store no longer holds', async () => {
  const { store, open, fileOf } = await setting();
  const other = Uint8Array.of(7);
  for (const handle of [SNAPSHOT, INDEX, TREES]) {
    await open().save(handle, BYTES);
    await open().save({ ...handleOf(handle.kind, other), content: 'tree' }, other);
    store.tamper(handle, undefined);
    for await (const _ of open().list(handle.kind)) break;
    await stat(fileOf(handle)); // a listing left early proves nothing
    await Array.fromAsync(open().list(handle.kind));
    await expect(stat(fileOf(handle))).rejects.toMatchObject({ code: 'ENOENT' });
    await stat(fileOf(handleOf(handle.kind, other)));
  }
});

test('that is done once a day', async () => {
  const { store, counted, folder, fileOf } = await setting();
  const clock = new FakeClock();
  const list = () => withCache(counted, { ...known, folder, clock }).list('snapshot');
  const backend = withCache(counted, { ...known, folder, clock });
  await Array.fromAsync(list());
  await backend.save(SNAPSHOT, BYTES);
  store.tamper(SNAPSHOT, undefined);
  clock.advance(23 * 3600_000);
  await Array.fromAsync(list());
  await stat(fileOf(SNAPSHOT));
  clock.advance(3600_000);
  await Array.fromAsync(list());
  await expect(stat(fileOf(SNAPSHOT))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a removed file leaves the cache too', async () => {
  const { open, fileOf } = await setting();
  const backend = open();
  await backend.save(SNAPSHOT, BYTES);
  await backend.remove(SNAPSHOT);
  await expect(stat(fileOf(SNAPSHOT))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a full cache disk is told once and hurts nothing', async () => {
  const failures: unknown[] = [];
  const backend = inMemory(
    ({ name, path }) => {
      if (name === 'write') throw systemError('ENOSPC', path);
    },
    (error) => failures.push(error),
  );
  for (const handle of [SNAPSHOT, INDEX, TREES]) {
    await backend.save(handle, BYTES);
    expect((await backend.load(handle)).byteLength).toBe(1000);
  }
  expect(failures).toHaveLength(1);
});

test('the folder is private and tagged so that backups leave it out', async () => {
  const { folder, open } = await setting();
  await open().save(SNAPSHOT, BYTES);
  const tag = await readFile(join(folder, 'CACHEDIR.TAG'), 'utf8');
  expect(tag).toMatch(/^Signature: 8a477f597d28d172789f06886806bc55\n/);
  expect((await stat(join(folder, ID))).mode & 0o777).toBe(0o700);
});

test('only caches unused for 30 days are removed, and nothing that is not a cache', async () => {
  const { folder, open } = await setting();
  const clock = new FakeClock(new Date('2026-03-01T00:00:00Z'));
  await open().save(SNAPSHOT, BYTES);
  const old = 'a0'.repeat(32);
  const withForeign = 'a1'.repeat(32);
  const longAgo = new Date('2026-01-01T00:00:00Z');
  for (const id of [old, withForeign, 'documents']) {
    await mkdir(join(folder, id, 'index/ab'), { recursive: true });
    await writeFile(join(folder, id, 'index/ab', 'ab'.repeat(32)), 'x');
  }
  await writeFile(join(folder, withForeign, 'index/ab/letter.txt'), 'x');
  await writeFile(join(folder, old, 'index-tidied'), '');
  await mkdir(join(folder, old, 'derived/ab'), { recursive: true });
  await writeFile(join(folder, old, 'derived/ab', 'ab'.repeat(32)), 'x');
  for (const id of [old, withForeign, 'documents'])
    await utimes(join(folder, id), longAgo, longAgo);
  await utimes(join(folder, ID), clock.now(), new Date('2026-02-10T00:00:00Z'));
  expect(await removeOldCaches({ folder, clock })).toEqual([old]);
  expect((await readdir(folder)).sort()).toEqual(
    ['CACHEDIR.TAG', withForeign, 'documents', ID].sort(),
  );
  await stat(join(folder, withForeign, 'index/ab/letter.txt'));
  await stat(join(folder, 'documents/index/ab', 'ab'.repeat(32)));
  expect(await removeOldCaches({ folder: join(folder, 'nowhere'), clock })).toEqual([]);
});

test('using a cache, even only reading, keeps it from growing old', async () => {
  const { folder, open } = await setting();
  await open().save(SNAPSHOT, BYTES);
  const longAgo = new Date('2020-01-01T00:00:00Z');
  await utimes(join(folder, ID), longAgo, longAgo);
  await open().load(SNAPSHOT);
  expect((await stat(join(folder, ID))).mtime.getFullYear()).toBeGreaterThan(2024);
});
