import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { blobId, openBlob } from '../format/blob.ts';
import type { CompressionMode } from '../format/compression.ts';
import { generateMasterKey, NONCE_BYTES } from '../format/crypto.ts';
import type { BlobType } from './blob-index.ts';
import type { SealedBlob, SealSettings } from './blob-sealer.ts';
import {
  compressLarge,
  LargePlaintext,
  sealedLargeBytes,
  sealLarge,
  type LargeBlob,
} from './large-blob.ts';

const master = generateMasterKey(systemRandom);
const text = Buffer.from(
  Array.from({ length: 100_000 }, (_, at) => `{"name":"upload-${at}","id":"${at * 7919}"}`).join(),
);

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001);
}

async function seal(settings: SealSettings, type: BlobType, blob: LargeBlob): Promise<SealedBlob> {
  const stored = await compressLarge(settings, type, blob);
  const room = new Uint8Array(sealedLargeBytes(stored));
  return sealLarge(settings, stored, { room, nonce: systemRandom(NONCE_BYTES) });
}

const cases: [1 | 2, CompressionMode, 'tree' | 'data'][] = [
  [2, 'auto', 'tree'],
  [2, 'max', 'tree'],
  [2, 'off', 'tree'],
  [2, 'off', 'data'],
  [1, 'auto', 'tree'],
];

test.each(cases)('a large blob opens like any other: version %i, %s, %s', async (...choice) => {
  const [version, compression, type] = choice;
  for (const bytes of [text, randomBytes(300_000)]) {
    const id = blobId(bytes);
    const blob = { id, sizeBytes: bytes.length, pieces: () => pieces(bytes) };
    const sealed = await seal({ master, version, compression }, type, blob);
    expect(Buffer.compare(openBlob({ master, ...sealed }), bytes) === 0).toBe(true);
    const isCompressed = version === 2 && (compression !== 'off' || type === 'tree');
    expect(sealed.uncompressedLength).toBe(isCompressed ? bytes.length : undefined);
  }
});

test('a large blob whose id is not its hash is refused by name', async () => {
  const id = 'ab'.repeat(32);
  const blob = { id, sizeBytes: text.length, pieces: () => pieces(text) };
  const settings = { master, version: 2, compression: 'auto' } as const;
  await expect(seal(settings, 'tree', blob)).rejects.toMatchObject({
    code: 'REPOSITORY_SELF_CHECK',
    details: { what: `blob ${id}` },
  });
});

test('a large blob that is damaged, cut, or not what is recorded is refused before any use', async () => {
  const id = blobId(text);
  const settings = { master, version: 2, compression: 'auto' } as const;
  const blob = { id, sizeBytes: text.length, pieces: () => pieces(text) };
  const { sealed } = await seal(settings, 'tree', blob);
  const good = { master, sealed, id, uncompressedLength: text.length };
  expect(() => new LargePlaintext(good).prove()).not.toThrow();
  const flipped = (at: number) => sealed.map((byte, n) => (n === at ? byte ^ 1 : byte));
  const places = [0, 20, sealed.length >> 1, sealed.length - 1];
  for (const [change, code] of [
    ...places.map((at) => [{ sealed: flipped(at) }, 'FORMAT_MAC_MISMATCH'] as const),
    [{ sealed: sealed.subarray(0, -1) }, 'FORMAT_MAC_MISMATCH'],
    [{ sealed: sealed.subarray(0, 20) }, 'FORMAT_TRUNCATED'],
    [{ id: 'ab'.repeat(32) }, 'FORMAT_BLOB_HASH'],
    [{ uncompressedLength: undefined }, 'FORMAT_BLOB_HASH'],
    [{ uncompressedLength: text.length - 1 }, 'FORMAT_DECOMPRESS'],
    [{ uncompressedLength: text.length + 1 }, 'FORMAT_DECOMPRESS'],
  ] as const) {
    expect(() => new LargePlaintext({ ...good, ...change }).prove()).toThrow(
      expect.objectContaining({ code }),
    );
  }
});
