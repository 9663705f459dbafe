import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { blobId, openBlob } from '../format/blob.ts';
import type { CompressionMode } from '../format/compression.ts';
import { generateMasterKey } from '../format/crypto.ts';
import { sealLarge } from './large-blob.ts';

const master = generateMasterKey(systemRandom);
const text = Buffer.from(
  Array.from({ length: 100_000 }, (_, at) => `{"name":"upload-${at}","id":"${at * 7919}"}`).join(),
);

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001);
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
    const blob = { id, sizeBytes: bytes.length, pieces: () => pieces(bytes), random: systemRandom };
    const sealed = await sealLarge({ master, version, compression }, type, blob);
    expect(Buffer.compare(openBlob({ master, ...sealed }), bytes) === 0).toBe(true);
    const isCompressed = version === 2 && (compression !== 'off' || type === 'tree');
    expect(sealed.uncompressedLength).toBe(isCompressed ? bytes.length : undefined);
  }
});

test('a large blob whose id is not its hash is refused by name', async () => {
  const id = 'ab'.repeat(32);
  const blob = { id, sizeBytes: text.length, pieces: () => pieces(text), random: systemRandom };
  const settings = { master, version: 2, compression: 'auto' } as const;
  await expect(sealLarge(settings, 'tree', blob)).rejects.toMatchObject({
    code: 'REPOSITORY_SELF_CHECK',
    details: { what: `blob ${id}` },
  });
});
