/* oxlint-disable eslint/max-lines, eslint/max-lines-per-function -- a list of tests, though not named .test.ts */
/**
 * What every backend and every wrapper must do: the contract of `backend.ts` as tests. A backend's
 * own test file calls `describeBackend` with a maker of empty, created stores.
 */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { forEachConcurrent } from '../base/concurrency.ts';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Backend, FileHandle, FileKind } from './backend.ts';

const KINDS = ['key', 'lock', 'snapshot', 'index', 'pack'] as const;
const CONFIG: FileHandle = { kind: 'config', name: '' };
const MANY = 1100; // more than one page of any store's listing

/** The handle under which a repository would keep these bytes. */
export function handleOf(kind: FileKind, bytes: Uint8Array): FileHandle {
  return { kind, name: createHash('sha256').update(bytes).digest('hex') };
}

export function describeBackend(name: string, makeBackend: () => Promise<Backend>): void {
  describe(name, () => {
    describe('save and load', () => saveAndLoad(makeBackend));
    describe('refusals', () => refusals(makeBackend));
    describe('list and remove', () => listAndRemove(makeBackend));
    describe('side by side', () => sideBySide(makeBackend));
    describe('abort', () => aborts(makeBackend));
  });
}

function saveAndLoad(makeBackend: () => Promise<Backend>): void {
  test.each(KINDS)('a %s file comes back byte for byte', async (kind) => {
    await using backend = await makeBackend();
    const bytes = Uint8Array.from({ length: 1024 }, (_, i) => i % 256);
    const handle = handleOf(kind, bytes);
    await backend.save(handle, bytes);
    expectBytes(await backend.load(handle), bytes);
    expect(await backend.stat(handle)).toEqual({ sizeBytes: 1024 });
  });

  test('the config is one file without a name', async () => {
    await using backend = await makeBackend();
    await expectFailure(backend.load(CONFIG), 'BACKEND_FILE_NOT_FOUND');
    expect(await Array.fromAsync(backend.list('config'))).toEqual([]);
    await backend.save(CONFIG, Uint8Array.of(1, 2));
    expectBytes(await backend.load(CONFIG), Uint8Array.of(1, 2));
    expect(await Array.fromAsync(backend.list('config'))).toEqual([{ name: '', sizeBytes: 2 }]);
    await expectFailure(backend.save(CONFIG, Uint8Array.of(3)), 'BACKEND_FILE_EXISTS');
  });

  test('an empty file is a file', async () => {
    await using backend = await makeBackend();
    const handle = handleOf('pack', new Uint8Array());
    await backend.save(handle, new Uint8Array());
    expect((await backend.load(handle)).byteLength).toBe(0);
    expect(await Array.fromAsync(backend.list('pack'))).toEqual([
      { name: handle.name, sizeBytes: 0 },
    ]);
    await expectFailure(backend.load(handle, { lengthBytes: 1 }), 'BACKEND_SHORT_FILE');
  });

  test('a pack of 16 MiB comes back whole and in parts', async () => {
    await using backend = await makeBackend();
    const bytes = randomBytes(16 << 20);
    const handle = handleOf('pack', bytes);
    await backend.save(handle, bytes);
    expectBytes(await backend.load(handle), bytes);
    const tail = { offsetBytes: bytes.byteLength - 5, lengthBytes: 5 };
    expectBytes(await backend.load(handle, tail), bytes.subarray(-5));
  });

  test.each<[number | undefined, number | undefined]>([
    [undefined, undefined],
    [0, 10],
    [3, undefined],
    [3, 4],
    [9, 1],
    [10, undefined],
    [10, 0],
    [0, 0],
  ])('offset %s, length %s gives exactly that part', async (offsetBytes, lengthBytes) => {
    await using backend = await makeBackend();
    const bytes = Uint8Array.from([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    for (const handle of rangeHandles(bytes)) {
      await backend.save(handle, bytes);
      const end = lengthBytes === undefined ? 10 : (offsetBytes ?? 0) + lengthBytes;
      const part = await backend.load(handle, { offsetBytes, lengthBytes });
      expectBytes(part, bytes.subarray(offsetBytes ?? 0, end));
    }
  });

  test.each<[number, number | undefined]>([
    [0, 11],
    [9, 2],
    [10, 1],
    [11, undefined],
    [11, 0],
  ])('offset %s, length %s ends past the file and gives no bytes', async (offset, length) => {
    await using backend = await makeBackend();
    const bytes = new Uint8Array(10);
    for (const handle of rangeHandles(bytes)) {
      await backend.save(handle, bytes);
      const options = { offsetBytes: offset, lengthBytes: length };
      await expectFailure(backend.load(handle, options), 'BACKEND_SHORT_FILE');
      await expectFailure(backend.load(handle, options), 'BACKEND_SHORT_FILE');
    }
  });

  // A Buffer's slice shares its memory, that of a plain array is a copy.
  const arrays = [
    ['a plain array', () => Uint8Array.of(1, 2, 3)],
    ['a Buffer', () => Buffer.of(1, 2, 3)],
  ] as const;

  test.each(arrays)('what was loaded of %s belongs to the caller', async (_, make) => {
    await using backend = await makeBackend();
    const bytes = make();
    const handle = handleOf('snapshot', bytes);
    await backend.save(handle, bytes);
    (await backend.load(handle)).fill(0);
    expectBytes(await backend.load(handle), Uint8Array.of(1, 2, 3));
  });

  test.each(arrays)('%s changed after a save does not change the file', async (_, make) => {
    await using backend = await makeBackend();
    const bytes = make();
    const handle = handleOf('index', bytes);
    await backend.save(handle, bytes);
    bytes.fill(0);
    expectBytes(await backend.load(handle), Uint8Array.of(1, 2, 3));
  });

  test('a part of a larger buffer is saved as that part', async () => {
    await using backend = await makeBackend();
    const part = Uint8Array.of(9, 8, 7, 6, 5).subarray(1, 4);
    const handle = handleOf('pack', part);
    await backend.save(handle, part);
    expectBytes(await backend.load(handle), Uint8Array.of(8, 7, 6));
  });
}

function refusals(makeBackend: () => Promise<Backend>): void {
  test.each(KINDS)('a missing %s file is said to be missing', async (kind) => {
    await using backend = await makeBackend();
    const handle = handleOf(kind, Uint8Array.of(1));
    await expectFailure(backend.load(handle), 'BACKEND_FILE_NOT_FOUND');
    await expectFailure(backend.load(handle, { lengthBytes: 4 }), 'BACKEND_FILE_NOT_FOUND');
    await expectFailure(backend.stat(handle), 'BACKEND_FILE_NOT_FOUND');
    await expectFailure(backend.remove(handle), 'BACKEND_FILE_NOT_FOUND');
  });

  test.each(KINDS)('a %s file is never overwritten', async (kind) => {
    await using backend = await makeBackend();
    const first = Uint8Array.of(1, 2, 3);
    const handle = handleOf(kind, first);
    await backend.save(handle, first);
    await expectFailure(backend.save(handle, Uint8Array.of(4)), 'BACKEND_FILE_EXISTS');
    await expectFailure(backend.save(handle, first), 'BACKEND_FILE_EXISTS');
    expectBytes(await backend.load(handle), first);
    expect(await names(backend, kind)).toEqual([handle.name]);
  });

  test.each(['', 'config', '../../config', 'AB'.repeat(32), `${'a'.repeat(64)}-tmp-1`])(
    'the name "%s" is refused before anything is touched',
    async (name) => {
      await using backend = await makeBackend();
      const handle: FileHandle = { kind: 'snapshot', name };
      const calls = [
        async () => backend.save(handle, Uint8Array.of(1)),
        async () => backend.load(handle),
        async () => backend.remove(handle),
      ];
      for (const call of calls) await expectFailure(call(), 'INTERNAL');
    },
  );

  test('making the place ready again changes nothing', async () => {
    await using backend = await makeBackend();
    const bytes = Uint8Array.of(1);
    await backend.save(handleOf('key', bytes), bytes);
    await backend.create();
    expect(await names(backend, 'key')).toEqual([handleOf('key', bytes).name]);
  });
}

function listAndRemove(makeBackend: () => Promise<Backend>): void {
  test('an empty store lists nothing', async () => {
    await using backend = await makeBackend();
    for (const kind of KINDS) expect(await names(backend, kind)).toEqual([]);
  });

  test(`${MANY} files are listed completely, each once, with its size`, async () => {
    await using backend = await makeBackend();
    const files = Array.from({ length: MANY }, (_, i) => Buffer.from(`file ${i}`));
    await saveAll(backend, 'pack', files);
    const expected = files.map((bytes) => ({
      name: handleOf('pack', bytes).name,
      sizeBytes: bytes.byteLength,
    }));
    const listed = await Array.fromAsync(backend.list('pack'));
    expect(listed.toSorted(byName)).toEqual(expected.toSorted(byName));
  });

  test('kinds are apart, even under one name', async () => {
    await using backend = await makeBackend();
    const { name } = handleOf('pack', Uint8Array.of(0));
    for (const [i, kind] of KINDS.entries()) {
      await backend.save({ kind, name }, new Uint8Array(i));
    }
    for (const [i, kind] of KINDS.entries()) {
      expect(await Array.fromAsync(backend.list(kind))).toEqual([{ name, sizeBytes: i }]);
    }
    await backend.remove({ kind: 'snapshot', name });
    expect(await names(backend, 'snapshot')).toEqual([]);
    expect(await names(backend, 'index')).toEqual([name]);
  });

  test.each(KINDS)('a removed %s file is gone and can be saved again', async (kind) => {
    await using backend = await makeBackend();
    const bytes = Uint8Array.of(1, 2, 3);
    const handle = handleOf(kind, bytes);
    await backend.save(handle, bytes);
    await backend.remove(handle);
    await expectFailure(backend.load(handle), 'BACKEND_FILE_NOT_FOUND');
    await expectFailure(backend.remove(handle), 'BACKEND_FILE_NOT_FOUND');
    expect(await names(backend, kind)).toEqual([]);
    await backend.save(handle, bytes);
    expectBytes(await backend.load(handle), bytes);
  });

  test('files can be loaded and removed while they are listed', async () => {
    await using backend = await makeBackend();
    await saveAll(
      backend,
      'snapshot',
      Array.from({ length: 100 }, (_, i) => Uint8Array.of(i)),
    );
    let seen = 0;
    for await (const { name } of backend.list('snapshot')) {
      await backend.load({ kind: 'snapshot', name });
      await backend.remove({ kind: 'snapshot', name });
      seen += 1;
    }
    expect(seen).toBe(100);
    expect(await names(backend, 'snapshot')).toEqual([]);
  });

  test('a listing can be left early', async () => {
    await using backend = await makeBackend();
    const files = [Uint8Array.of(1), Uint8Array.of(2)];
    await saveAll(backend, 'index', files);
    for await (const _ of backend.list('index')) break;
    expect(await names(backend, 'index')).toHaveLength(2);
  });
}

function sideBySide(makeBackend: () => Promise<Backend>): void {
  test('saves of different names at once all arrive', async () => {
    await using backend = await makeBackend();
    const files = Array.from({ length: 32 }, (_, i) => new Uint8Array(10_000 + i).fill(i));
    await Promise.all(files.map((bytes) => backend.save(handleOf('pack', bytes), bytes)));
    for (const bytes of files) expectBytes(await backend.load(handleOf('pack', bytes)), bytes);
  });

  test('of saves of one name at once exactly one succeeds', async () => {
    await using backend = await makeBackend();
    const handle = handleOf('pack', Uint8Array.of(0));
    const contents = Array.from({ length: 8 }, (_, i) => new Uint8Array(50_000).fill(i));
    const results = await Promise.allSettled(contents.map((bytes) => backend.save(handle, bytes)));
    const winners = contents.filter((_, i) => results[i]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(isKeepsakeError(result.reason, 'BACKEND_FILE_EXISTS')).toBe(true);
    }
    expectBytes(await backend.load(handle), winners[0] ?? new Uint8Array());
    expect(await names(backend, 'pack')).toEqual([handle.name]);
  });

  test('a listing during saves holds all earlier files and no partial one', async () => {
    await using backend = await makeBackend();
    const before = Array.from({ length: 40 }, (_, i) => new Uint8Array(1000).fill(i));
    await saveAll(backend, 'pack', before);
    const during = Array.from({ length: 40 }, (_, i) => new Uint8Array(1000).fill(100 + i));
    const saving = saveAll(backend, 'pack', during);
    const listed = await Array.fromAsync(backend.list('pack'));
    await saving;
    const listedNames = listed.map(({ name }) => name);
    expect(new Set(listedNames).size).toBe(listedNames.length);
    expect(listed.every(({ sizeBytes }) => sizeBytes === 1000)).toBe(true);
    for (const bytes of before) expect(listedNames).toContain(handleOf('pack', bytes).name);
  });
}

function aborts(makeBackend: () => Promise<Backend>): void {
  test('an abort before the call rejects with its reason and does nothing', async () => {
    await using backend = await makeBackend();
    const bytes = Uint8Array.of(1);
    const kept = handleOf('snapshot', bytes);
    await backend.save(kept, bytes);
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const other = handleOf('snapshot', Uint8Array.of(2));
    const calls = [
      async () => backend.save(other, Uint8Array.of(2), { signal }),
      async () => backend.load(kept, { signal }),
      async () => backend.stat(kept, { signal }),
      async () => backend.remove(kept, { signal }),
      async () => backend.create({ signal }),
      async () => void (await Array.fromAsync(backend.list('snapshot', { signal }))),
    ];
    for (const call of calls) await expect(call()).rejects.toBe(reason);
    expect(await names(backend, 'snapshot')).toEqual([kept.name]);
  });

  test('an abort during a save leaves the whole file or nothing', async () => {
    await using backend = await makeBackend();
    const bytes = randomBytes(4 << 20);
    const handle = handleOf('pack', bytes);
    const reason = new Error('enough');
    const controller = new AbortController();
    const saving = backend.save(handle, bytes, { signal: controller.signal });
    controller.abort(reason);
    const [result] = await Promise.allSettled([saving]);
    if (result.status === 'rejected') {
      expect(result.reason).toBe(reason);
      expect(await names(backend, 'pack')).toEqual([]);
      await backend.save(handle, bytes);
    }
    expectBytes(await backend.load(handle), bytes);
  });
}

/** One that caches pass through, and those they keep. */
function rangeHandles(bytes: Uint8Array): FileHandle[] {
  const name = handleOf('pack', bytes).name;
  const other = handleOf('pack', Uint8Array.of(1)).name;
  return [
    { kind: 'pack', name, content: 'tree' },
    { kind: 'pack', name: other, content: 'data' },
    { kind: 'index', name },
  ];
}

async function saveAll(backend: Backend, kind: FileKind, files: Uint8Array[]): Promise<void> {
  const save = (bytes: Uint8Array): Promise<void> => backend.save(handleOf(kind, bytes), bytes);
  await forEachConcurrent(files, save, { limit: 16 });
}

async function names(backend: Backend, kind: FileKind): Promise<string[]> {
  return (await Array.fromAsync(backend.list(kind))).map(({ name }) => name);
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** `toEqual` on megabytes takes seconds. */
function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(actual, expected)).toBe(0);
}

async function expectFailure(call: Promise<unknown>, code: string): Promise<void> {
  await expect(call).rejects.toMatchObject({ code });
}
