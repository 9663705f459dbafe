import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { utf8Encode } from '../base/bytes.ts';
import { blobId } from './blob.ts';
import { compress as compressBy, decompress as decompressBy } from './compression.ts';
import { zstdLibrary } from './zstd-library.ts';

const MODES = ['fastest', 'auto', 'better', 'max'] as const;
const MIB = 1024 * 1024;

const direct = zstdLibrary();
const providers = [
  { name: 'node:zlib', provider: 'node:zlib' as const },
  ...(direct === undefined ? [] : [{ name: 'zstd called directly', provider: direct }]),
];

test('this Node has the functions that make small blobs fast', () => {
  expect(providers).toHaveLength(2);
});

describe.each(providers)('$name', ({ provider }) => {
  const compress = (bytes: Uint8Array, mode?: Parameters<typeof compressBy>[1]) =>
    compressBy(bytes, mode ?? 'auto', provider);
  const decompress = (bytes: Uint8Array, options: Parameters<typeof decompressBy>[1]) =>
    decompressBy(bytes, options, provider);

  test.each(MODES)('what %s compressed comes back, whatever it was', (mode) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000 }), (plaintext) => {
        const sizeBytes = plaintext.length;
        const options = { what: 'x', maxSizeBytes: 5000, sizeBytes };
        expect([...decompress(compress(plaintext, mode), options)]).toEqual([...plaintext]);
      }),
      { numRuns: 30 },
    );
  });

  test.each([MIB, 3 * MIB + 1, 17 * MIB])('%i bytes come back, alike and random', (sizeBytes) => {
    for (const plaintext of [Buffer.alloc(sizeBytes, 'keepsake '), randomBytes(sizeBytes)]) {
      const options = { what: 'x', maxSizeBytes: 32 * MIB };
      expect(plaintext.equals(decompress(compress(plaintext), options))).toBe(true);
      expect(plaintext.equals(decompress(compress(plaintext), { ...options, sizeBytes }))).toBe(
        true,
      );
    }
  });

  test('max gives smaller results than fastest', () => {
    const words = Array.from({ length: 400 }, (_, n) => blobId(utf8Encode(`${n}`)).slice(0, n % 9));
    let state = 1;
    const text = Array.from({ length: 20_000 }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return words[Math.floor((state / 2_147_483_647) ** 2 * words.length)];
    });
    const plaintext = utf8Encode(text.join(' '));
    expect(compress(plaintext, 'max').length).toBeLessThan(compress(plaintext, 'fastest').length);
  });

  test('a bomb stops at the limit and takes no memory for the rest', () => {
    const bomb = zstdCompressSync(Buffer.alloc(512 * MIB));
    expect(bomb.length).toBeLessThan(100_000);
    const before = process.memoryUsage();
    for (const sizeBytes of [undefined, 1000, MIB]) {
      expect(() => decompress(bomb, { what: 'index file', maxSizeBytes: MIB, sizeBytes })).toThrow(
        expect.objectContaining({
          code: 'FORMAT_DECOMPRESS',
          message: `the index file cannot be decompressed: it gives more than ${sizeBytes ?? MIB} bytes`,
        }),
      );
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * MIB);
  });

  test('a frame cut at any length is named as such', () => {
    const frame = compress(utf8Encode('keepsake '.repeat(20)));
    for (let length = 0; length < frame.length; length += 1) {
      expect(() =>
        decompress(frame.subarray(0, length), { what: 'blob', maxSizeBytes: 1000 }),
      ).toThrow(/the blob cannot be decompressed: it ends inside a zstd frame/);
    }
  });

  test('a result of another size than recorded is refused', () => {
    const frame = compress(utf8Encode('keepsake '.repeat(20)));
    for (const sizeBytes of [1, 179, 181, 2 ** 32 - 1]) {
      expect(() => decompress(frame, { what: 'blob', maxSizeBytes: 2 ** 32, sizeBytes })).toThrow(
        expect.objectContaining({ code: 'FORMAT_DECOMPRESS' }),
      );
    }
  });

  test('bytes that are no zstd are refused', () => {
    expect(() => decompress(utf8Encode('{"time":"x"}'), { what: 'blob', maxSizeBytes: 9 })).toThrow(
      expect.objectContaining({ code: 'FORMAT_DECOMPRESS' }),
    );
  });
});

test('each provider reads what the other wrote', () => {
  const plaintext = utf8Encode('keepsake '.repeat(2000));
  const options = { what: 'blob', maxSizeBytes: MIB, sizeBytes: plaintext.length };
  for (const writer of providers) {
    for (const reader of providers) {
      const frame = compressBy(plaintext, 'auto', writer.provider);
      expect(Buffer.from(decompressBy(frame, options, reader.provider)).equals(plaintext)).toBe(
        true,
      );
    }
  }
});
