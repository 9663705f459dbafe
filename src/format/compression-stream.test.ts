import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compressPieces, decompressPieces } from './compression-stream.ts';
import { decompress } from './compression.ts';
import { zstdLibrary } from './zstd-library.ts';

const plaintext = Buffer.from(
  Array.from({ length: 60_000 }, (_, n) => `{"name":"upload-${n}","id":"${n * 7919}"}`).join(),
);
const sizeBytes = plaintext.length;
const libraries = [zstdLibrary() ?? null, null];

function* cut(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

function joined(pieces: Iterable<Uint8Array>): Buffer {
  return Buffer.concat(Array.from(pieces, (piece) => new Uint8Array(piece)));
}

test('what is compressed in pieces comes back in pieces and in one', async () => {
  expect(sizeBytes).toBeGreaterThan(5 * 256 * 1024);
  const frame = Buffer.concat(await compressPieces(cut(plaintext, 70_001), sizeBytes, 'auto'));
  expect(plaintext.equals(decompress(frame, { what: 'x', maxSizeBytes: sizeBytes }))).toBe(true);
  for (const library of libraries) {
    for (const parts of [
      [frame],
      cut(frame, 97),
      cut(frame, 5000),
      [frame, frame.subarray(0, 0)],
    ]) {
      const pieces = decompressPieces(parts, { what: 'x', sizeBytes }, library);
      expect(plaintext.equals(joined(pieces))).toBe(true);
    }
  }
});

test('a frame that is cut, wrong, or gives another size than recorded is refused', () => {
  const frame = zstdCompressSync(plaintext);
  const flipped = Buffer.from(frame);
  flipped.writeUInt8(flipped.readUInt8(0) ^ 1, 0);
  const bomb = zstdCompressSync(Buffer.alloc(256 << 20));
  for (const library of libraries) {
    for (const [bytes, recorded] of [
      [frame.subarray(0, -1), sizeBytes],
      [frame.subarray(0, 30_000), sizeBytes],
      [Buffer.alloc(0), sizeBytes],
      [flipped, sizeBytes],
      [frame, sizeBytes - 1],
      [frame, sizeBytes + 1],
      [bomb, sizeBytes],
    ] as const) {
      const pieces = decompressPieces(
        cut(bytes, 9000),
        { what: 'x', sizeBytes: recorded },
        library,
      );
      expect(() => joined(pieces)).toThrow(expect.objectContaining({ code: 'FORMAT_DECOMPRESS' }));
    }
  }
});

test('two are read side by side, and one may be left early', () => {
  const frame = zstdCompressSync(plaintext);
  const [a, b] = [1, 2].map(() => decompressPieces([frame], { what: 'x', sizeBytes }));
  const first = new Uint8Array(a?.next().value ?? []);
  expect(Buffer.compare(first, plaintext.subarray(0, first.length))).toBe(0);
  expect(plaintext.equals(joined(b ?? []))).toBe(true);
  const second = a?.next().value as Uint8Array;
  const at = first.length;
  expect(Buffer.compare(second, plaintext.subarray(at, at + second.length))).toBe(0);
  expect(a?.return(undefined).done).toBe(true);
});
