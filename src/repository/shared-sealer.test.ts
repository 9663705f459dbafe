import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { siblingModule } from '../base/sibling-module.ts';
import { blobId, openBlob } from '../format/blob.ts';
import { generateMasterKey } from '../format/crypto.ts';
import type { PlainBlob, SealedBlob } from './blob-sealer.ts';
import { SharedSealer } from './shared-sealer.ts';
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

/** Delivered bytes are to be copied: their memory is used again. */
class Delivered {
  readonly blobs = new Map<string, SealedBlob>();
  readonly take = (blob: SealedBlob): void => {
    this.blobs.set(blob.id, { ...blob, sealed: Uint8Array.from(blob.sealed) });
  };
}

function blobOf(plaintext: Uint8Array): PlainBlob {
  return { type: 'data', id: blobId(plaintext), plaintext };
}

function startWorker(): SealWorker {
  return new SealWorker(settings, siblingModule(import.meta.url, './seal-worker-main'));
}

test('blobs of all sizes come back sealed whichever thread did it, the buffer being reused', async () => {
  await using sealer = new SharedSealer({ settings, random: systemRandom });
  const shared = new Uint8Array(3 << 20);
  const delivered = new Delivered();
  const results = [];
  for (let number = 0; number < 400; number += 1) {
    const plaintext = page(number, number % 50 === 0 ? (1 << 20) + number : 8192 + number);
    const buffer = shared.subarray(0, plaintext.length);
    buffer.set(plaintext);
    const blob = { type: 'data', id: blobId(plaintext), plaintext: buffer } as const;
    results.push({ plaintext, id: blob.id, done: sealer.seal(blob, delivered.take) });
    buffer.fill(0);
  }
  sealer.flush();
  for (const { plaintext, id, done } of results) {
    await done;
    const { master } = settings;
    const blob = delivered.blobs.get(id);
    expect(Buffer.compare(openBlob({ master, ...blob!, id }), plaintext)).toBe(0);
  }
  expect(results.some(({ done }) => done instanceof Promise)).toBe(true);
  expect(results.some(({ done }) => !(done instanceof Promise))).toBe(true);
});

test('no two blobs are sealed with the same nonce, in any thread', async () => {
  await using sealer = new SharedSealer({ settings, random: systemRandom });
  const nonces = new Set<string>();
  const results = [];
  for (let number = 0; number < 1000; number += 1) {
    results.push(
      sealer.seal(blobOf(page(number, 8192)), ({ sealed }) => {
        nonces.add(Buffer.from(sealed.subarray(0, 16)).toString('hex'));
      }),
    );
  }
  sealer.flush();
  await Promise.all(results.map((result) => Promise.resolve(result)));
  expect(nonces.size).toBe(1000);
});

test('the worker answers empty, tiny and huge blobs in order and counts what is pending', async () => {
  await using worker = startWorker();
  const sizes = [0, 1, 300_000, 262_144, 5, 9_000_000];
  const opened: number[] = [];
  const { master } = settings;
  const done = sizes.map((size) =>
    worker.seal(blobOf(randomBytes(size)), (blob) => {
      opened.push(openBlob({ master, ...blob }).length);
    }),
  );
  expect(worker.pendingBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  worker.flush();
  await Promise.all(done);
  expect(opened).toEqual(sizes);
  expect(worker.pendingBytes).toBe(0);
});

test('a blob that does not open to its id is refused by the worker, too, and by name', async () => {
  await using worker = startWorker();
  const id = 'ab'.repeat(32);
  const wrong = { type: 'data', id, plaintext: randomBytes(10) } as const;
  const delivered = new Delivered();
  const sealed = worker.seal(wrong, delivered.take);
  worker.flush();
  await expect(sealed).rejects.toMatchObject({
    code: 'REPOSITORY_SELF_CHECK',
    details: { what: `blob ${id}` },
  });
  await expect(worker.seal(wrong, delivered.take)).rejects.toMatchObject({
    code: 'REPOSITORY_SELF_CHECK',
  });
  expect(delivered.blobs.size).toBe(0);
});

test('a worker that is stopped leaves nobody waiting', async () => {
  const worker = startWorker();
  const sealed = worker.seal(blobOf(randomBytes(10)), () => {});
  const rejected = expect(sealed).rejects.toThrow('stopped');
  await worker[Symbol.asyncDispose]();
  await rejected;
});
