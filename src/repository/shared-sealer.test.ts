import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { blobId, openBlob } from '../format/blob.ts';
import { generateMasterKey } from '../format/crypto.ts';
import { createSharedSealer } from './shared-sealer.ts';
import { SealWorker } from './seal-worker.ts';

const settings = {
  master: generateMasterKey(systemRandom),
  version: 2,
  compression: 'auto',
} as const;

function page(number: number, sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes, `page ${number} `);
  randomBytes(100).copy(bytes);
  return bytes;
}

test('blobs of all sizes come back sealed whichever thread did it, the buffer being reused', async () => {
  await using sealer = createSharedSealer(settings, systemRandom);
  const shared = new Uint8Array(3 << 20);
  const results = [];
  for (let number = 0; number < 400; number += 1) {
    const plaintext = page(number, number % 50 === 0 ? (1 << 20) + number : 8192 + number);
    const buffer = shared.subarray(0, plaintext.length);
    buffer.set(plaintext);
    const id = blobId(plaintext);
    results.push({ plaintext, id, sealed: sealer.seal('data', id, buffer) });
    buffer.fill(0);
  }
  sealer.flush();
  for (const { plaintext, id, sealed } of results) {
    const { master } = settings;
    expect(Buffer.compare(openBlob({ master, ...(await sealed), id }), plaintext)).toBe(0);
  }
  expect(results.some(({ sealed }) => sealed instanceof Promise)).toBe(true);
  expect(results.some(({ sealed }) => !(sealed instanceof Promise))).toBe(true);
});

test('the worker answers empty, tiny and huge blobs in order and counts what is pending', async () => {
  await using worker = new SealWorker(settings);
  const sizes = [0, 1, 300_000, 262_144, 5, 9_000_000];
  const plaintexts = sizes.map((size) => randomBytes(size));
  const sealed = plaintexts.map((bytes) => worker.seal('data', blobId(bytes), bytes));
  expect(worker.pendingBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  worker.flush();
  for (const [index, blob] of (await Promise.all(sealed)).entries()) {
    const plaintext = openBlob({ master: settings.master, ...blob });
    expect(plaintext.length).toBe(sizes[index]);
  }
  expect(worker.pendingBytes).toBe(0);
});

test('a blob that does not open to its id is refused by the worker, too, and by name', async () => {
  await using worker = new SealWorker(settings);
  const id = 'ab'.repeat(32);
  const sealed = worker.seal('data', id, randomBytes(10));
  worker.flush();
  await expect(sealed).rejects.toMatchObject({
    code: 'REPOSITORY_SELF_CHECK',
    details: { what: `blob ${id}` },
  });
  await expect(worker.seal('data', id, randomBytes(10))).rejects.toMatchObject({
    code: 'REPOSITORY_SELF_CHECK',
  });
});

test('a worker that is stopped leaves nobody waiting', async () => {
  const worker = new SealWorker(settings);
  const bytes = randomBytes(10);
  const sealed = worker.seal('data', blobId(bytes), bytes);
  const rejected = expect(sealed).rejects.toThrow('stopped');
  await worker[Symbol.asyncDispose]();
  await rejected;
});
