import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FaultyBackend, SimulatedKill } from '../../test/support/faulty-backend.ts';
import { createLab, createLabIn, selfFacts } from '../../test/support/repository-lab.ts';
import type { Backend } from '../backend/backend.ts';
import { createMemBackend } from '../backend/mem-backend.ts';
import { WrappedBackend } from '../backend/wrapped-backend.ts';
import { equalBytes, toHex, utf8Encode } from '../base/bytes.ts';
import { systemRandom } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeIndexFile } from '../format/index-file.ts';
import { openWithKey } from './open-repository.ts';
import { readPackHeader } from './pack-header.ts';
import type { BlobSaver } from './blob-saver.ts';
import type { BlobType } from './blob-index.ts';

const idOf = (bytes: Uint8Array): string => toHex(createHash('sha256').update(bytes).digest());

/** Holds back saves of packs while it stands. */
class StandstillBackend extends WrappedBackend {
  #gate = Promise.resolve();
  goOn: () => void = () => {};

  stand(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.goOn = resolve;
  }

  override async save(...call: Parameters<Backend['save']>): Promise<void> {
    await this.#gate;
    await this.inner.save(...call);
  }
}

async function saveText(saver: BlobSaver, text: string, type: BlobType = 'data'): Promise<string> {
  const bytes = utf8Encode(text);
  await saver.save(type, idOf(bytes), bytes);
  return idOf(bytes);
}

test.each([1, 2] as const)(
  'what is saved in version %i comes back after opening anew',
  async (version) => {
    const { open } = await createLabIn({ backend: createMemBackend(), version });
    const repository = await open();
    const saver = repository.startWriting();
    const texts = ['', 'a', 'row, '.repeat(5000), toHex(systemRandom(3000))];
    const ids: string[] = [];
    for (const text of texts) ids.push(await saveText(saver, text));
    const treeId = await saveText(saver, '{"nodes":[]}\n', 'tree');
    await saver.flush();
    const again = await open();
    await again.loadIndex();
    for (const [at, id] of ids.entries()) {
      expect(await again.loadBlob('data', id)).toEqual(Buffer.from(texts[at] ?? ''));
      expect(again.blobSizeBytes('data', id)).toBe(texts[at]?.length);
    }
    expect(await again.loadBlob('tree', treeId)).toEqual(Buffer.from('{"nodes":[]}\n'));
  },
);

test('the same blob is stored once: within a run, side by side, and across runs', async () => {
  const { open, backend } = await createLab();
  const repository = await open();
  const saver = repository.startWriting();
  const bytes = utf8Encode('twice');
  const results = await Promise.all([
    saver.save('data', idOf(bytes), bytes),
    saver.save('data', idOf(bytes), bytes),
  ]);
  expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
  await saver.flush();
  expect(await saver.save('data', idOf(bytes), bytes)).toEqual({ isNew: false });
  const again = await open();
  await again.loadIndex();
  const second = again.startWriting();
  expect((await second.save('data', idOf(bytes), bytes)).isNew).toBe(false);
  const before = backend.files();
  await second.flush();
  expect(backend.files()).toEqual(before);
});

test('packs close at their size, hold one type each, and their headers say what the index says', async () => {
  const { open, backend, key } = await createLab();
  const repository = await open();
  const saver = repository.startWriting({ packSizeBytes: 4000 });
  for (let n = 0; n < 20; n += 1) {
    await saveText(saver, toHex(systemRandom(500)));
    await saveText(saver, `{"nodes":[]} ${n}`, 'tree');
  }
  await saver.flush();
  expect(repository.index.packCount).toBeGreaterThan(3);
  for (const packId of repository.index.packIds()) {
    const bytes = await backend.load({ kind: 'pack', name: packId });
    const header = readPackHeader(bytes, key.master);
    expect(new Set(header.map(({ type }) => type)).size).toBe(1);
    expect([...repository.index.entriesOf(packId)]).toEqual(
      header.map((blob) => ({ ...blob, packId })),
    );
    expect(idOf(bytes)).toBe(packId);
  }
});

test('packs are in the store before the index that names them, and the index before flush ends', async () => {
  const { open, backend } = await createLab();
  const faulty = new FaultyBackend(backend);
  const repository = await open(faulty);
  const saver = repository.startWriting({ packSizeBytes: 1000 });
  for (let n = 0; n < 6; n += 1) await saveText(saver, toHex(systemRandom(400)));
  await saver.flush();
  const kinds = faulty.mutations.map(({ file }) => file.split('/')[0]);
  expect(kinds.at(-1)).toBe('index');
  expect(kinds.slice(0, -1).every((kind) => kind === 'data')).toBe(true);
  const [indexFile] = await Array.fromAsync(backend.list('index'));
  const { packs } = decodeIndexFile(await repository.files.load('index', indexFile?.name ?? ''));
  expect(packs.map(({ id }) => id).toSorted()).toEqual(repository.index.packIds().toSorted());
});

test('killed at any write, what the index names is there', async () => {
  for (let n = 1; ; n += 1) {
    const { open, backend } = await createLab();
    const faulty = new FaultyBackend(backend);
    faulty.failAtOperation(n);
    const saver = (await open(faulty)).startWriting({ packSizeBytes: 1000 });
    const work = async () => {
      for (let blob = 0; blob < 5; blob += 1) await saveText(saver, toHex(systemRandom(400)));
      await saver.flush();
    };
    const killed = await work().then(
      () => false,
      (error: unknown) => error instanceof SimulatedKill,
    );
    await saver.abandon();
    const after = await open();
    await after.loadIndex();
    const packs = (await Array.fromAsync(backend.list('pack'))).map(({ name }) => name);
    for (const packId of after.index.packIds()) expect(packs).toContain(packId);
    if (!killed) return;
  }
});

test('what is sent ahead is in the store before the flush; a small pack waits for it', async () => {
  const { open, backend } = await createLabIn({ backend: createMemBackend() });
  const repository = await open();
  const saver = repository.startWriting();
  const packs = () => Array.fromAsync(backend.list('pack'));
  const pieces = Array.from({ length: 5 }, () => systemRandom(1 << 20));
  const save = (bytes: Uint8Array) => saver.save('data', idOf(bytes), bytes);
  await save(pieces[0] ?? new Uint8Array(0));
  saver.sendAhead();
  await delay(50);
  expect(await packs()).toHaveLength(0);
  for (const piece of pieces.slice(1)) await save(piece);
  await vi.waitFor(async () => {
    saver.sendAhead();
    expect(await packs()).toHaveLength(1);
  });
  const late = systemRandom(1000);
  await save(late);
  await saver.flush();
  const again = await open();
  await again.loadIndex();
  for (const piece of [...pieces, late]) {
    expect(equalBytes(await again.loadBlob('data', idOf(piece)), piece)).toBe(true);
  }
});

test('after a failed upload nothing more is saved, and flush throws the reason', async () => {
  const { open, backend } = await createLab();
  const faulty = new FaultyBackend(backend);
  const full = new KeepsakeError('BACKEND_FULL', { location: 'x', file: 'y', reason: 'ENOSPC' });
  faulty.fail('save', full).on(({ kind }) => kind === 'pack');
  const saver = (await open(faulty)).startWriting();
  await saveText(saver, 'a');
  await expect(saver.flush()).rejects.toBe(full);
  await expect(saveText(saver, 'b')).rejects.toBe(full);
  await expect(saver.flush()).rejects.toBe(full);
  expect(await Array.fromAsync(backend.list('index'))).toEqual([]);
});

test('no more is taken than fits into memory while the store is slower than the sealing', async () => {
  const { open, backend } = await createLab();
  const slow = new StandstillBackend(backend);
  const saver = (await open(slow)).startWriting({ packSizeBytes: 64 << 10 });
  const blobBytes = 8 << 10;
  const saveRandom = async (): Promise<void> => {
    const bytes = systemRandom(blobBytes);
    await saver.save('data', idOf(bytes), bytes);
  };
  // The sealing worker, which saves need not wait for, begins with the third mebibyte.
  for (let n = 0; n < 400; n += 1) await saveRandom();
  while (saver.storedBytes < 360 * blobBytes) await delay(10);
  slow.stand();
  let takenBytes = 0;
  const filling = (async () => {
    for (let n = 0; n < 500; n += 1) {
      if (n % 50 === 0) await delay(30); // as a disk slower than the worker would
      await saveRandom();
      takenBytes += blobBytes;
    }
  })();
  await Promise.race([filling, delay(700)]);
  expect(takenBytes).toBeLessThan(2 << 20);
  slow.goOn();
  await filling;
  await saver.flush();
  expect(takenBytes).toBe(500 * blobBytes);
});

test('packs do not wait for their index longer than ten minutes: a run cut off later loses less', async () => {
  const clock = new FakeClock();
  const { open, backend } = await createLabIn({ backend: createMemBackend(), clock });
  const saver = (await open()).startWriting({ packSizeBytes: 1000 });
  const indexCount = async () => (await Array.fromAsync(backend.list('index'))).length;
  const saveTwoPacks = async (): Promise<void> => {
    for (let n = 0; n < 2; n += 1) await saveText(saver, toHex(systemRandom(2000)));
  };
  await saveTwoPacks();
  clock.advance(9 * 60_000);
  await saveTwoPacks();
  expect(await indexCount()).toBe(0);
  clock.advance(2 * 60_000);
  await saveTwoPacks();
  expect(await indexCount()).toBe(1);
  await saver.flush();
  expect(await indexCount()).toBe(2);
});

test('with little memory an index is written for every 5,000 blobs, while the run goes on', async () => {
  const { backend, key } = await createLab();
  const access = { backend, clock: new FakeClock(), self: selfFacts, random: systemRandom };
  const repository = await openWithKey({ ...access, lowMemory: true }, key);
  const saver = repository.startWriting({ packSizeBytes: 64 << 10 });
  const indexes = () => Array.fromAsync(backend.list('index'));
  for (let n = 0; n < 5100 + 1500; n += 1) await saveText(saver, `${n}`);
  await expect.poll(async () => (await indexes()).length).toBe(1);
  await saver.flush();
  const sizes: number[] = [];
  for (const { name } of await indexes()) {
    const { packs } = decodeIndexFile(await repository.files.load('index', name));
    sizes.push(packs.reduce((sum, { blobs }) => sum + blobs.length, 0));
  }
  expect(sizes.reduce((sum, size) => sum + size)).toBe(6600);
  expect(Math.max(...sizes)).toBeLessThan(5000 + 1500);
});

test('an abort stops before the next write, with its reason', async () => {
  const { open, backend } = await createLab();
  const stop = new AbortController();
  const saver = (await open()).startWriting({ signal: stop.signal });
  await saveText(saver, 'a');
  const reason = new KeepsakeError('CANCELLED', { reason: 'Ctrl-C' });
  stop.abort(reason);
  const before = backend.files();
  await expect(saver.flush()).rejects.toBe(reason);
  expect(backend.files()).toEqual(before);
});

test('a dry run counts what would be stored and writes nothing', async () => {
  const { open, backend } = await createLab();
  const before = backend.files();
  const saver = (await open()).startWriting({ dryRun: true, packSizeBytes: 1000 });
  const bytes = systemRandom(2000);
  expect((await saver.save('data', idOf(bytes), bytes)).isNew).toBe(true);
  expect(saver.storedBytes).toBeGreaterThan(2000);
  expect((await saver.save('data', idOf(bytes), bytes)).isNew).toBe(false);
  await saver.flush();
  expect(backend.files()).toEqual(before);
});

test('a blob whose id is not its hash is refused before it is written', async () => {
  const { open, backend } = await createLab();
  const before = backend.files();
  const saver = (await open()).startWriting();
  await expect(saver.save('data', 'ab'.repeat(32), utf8Encode('x'))).rejects.toMatchObject({
    code: 'REPOSITORY_SELF_CHECK',
  });
  expect(backend.files()).toEqual(before);
});

test('a damaged copy of a blob is made up for by another pack that holds it', async () => {
  const { open, backend } = await createLab();
  const text = 'kept twice';
  let id = '';
  for (let run = 0; run < 2; run += 1) {
    const repository = await open(); // its index unread, so that the blob is stored once more
    const saver = repository.startWriting();
    id = await saveText(saver, text);
    await saver.flush();
  }
  const repository = await open();
  await repository.loadIndex();
  const [first, second] = repository.index.findAll('data', id);
  for (const damage of [undefined, new Uint8Array(200), new Uint8Array(3)]) {
    backend.tamper({ kind: 'pack', name: first?.packId ?? '' }, damage);
    expect(await repository.loadBlob('data', id)).toEqual(Buffer.from(text));
  }
  backend.tamper({ kind: 'pack', name: second?.packId ?? '' }, undefined);
  await expect(repository.loadBlob('data', id)).rejects.toMatchObject({
    code: 'REPOSITORY_BLOB_DAMAGED',
    exitCode: 20,
  });
  await expect(repository.loadBlob('data', 'ab'.repeat(32))).rejects.toMatchObject({
    code: 'REPOSITORY_BLOB_MISSING',
  });
});
