/** Part of `backend-suite.ts`: what is saved comes back, and what must not be saved is refused. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Backend, FileHandle } from './backend.ts';
import {
  CONFIG,
  KINDS,
  expectBytes,
  expectFailure,
  handleOf,
  names,
  rangeHandles,
} from '../../test/support/backend-files.ts';

export function saveAndLoad(makeBackend: () => Promise<Backend>): void {
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

export function refusals(makeBackend: () => Promise<Backend>): void {
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
