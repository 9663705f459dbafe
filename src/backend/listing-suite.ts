/** Part of `backend-suite.ts`: listing, removing, many calls at once, and aborts. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Backend } from './backend.ts';
import {
  KINDS,
  byName,
  expectBytes,
  expectFailure,
  handleOf,
  names,
  saveAll,
} from '../../test/support/backend-files.ts';

const MANY = 1100; // more than one page of any store's listing

export function listAndRemove(makeBackend: () => Promise<Backend>): void {
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

export function sideBySide(makeBackend: () => Promise<Backend>): void {
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

export function aborts(makeBackend: () => Promise<Backend>): void {
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
