import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { referenceChunkLengths } from '../../test/support/chunker-reference.ts';
import { chunkerSelfTest, ContentChunker, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from './chunker.ts';

const TEST_POLYNOMIAL = 0x3da3358b4dc173n;

/** Cuts with reads of the given sizes, over and over; the last chunk included. */
function cut(bytes: Uint8Array, readSizes: readonly number[], polynomial = TEST_POLYNOMIAL) {
  const chunker = new ContentChunker(polynomial);
  const lengths: number[] = [];
  for (let at = 0, read = 0; at < bytes.length; read += 1) {
    const piece = bytes.subarray(at, at + (readSizes[read % readSizes.length] ?? 1));
    at += piece.length;
    for (let used = 0; used < piece.length;) {
      const before = chunker.length;
      const length = chunker.scan(piece, used);
      if (length < 0) break;
      lengths.push(length);
      used += length - before;
    }
  }
  return chunker.length > 0 ? [...lengths, chunker.length] : lengths;
}

function stream(lengthBytes: number, seed = 0): Uint8Array {
  const key = new Uint8Array(32).fill(seed);
  return createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(lengthBytes));
}

/** Go's `math/rand` seeded with 23, as restic/chunker's tests read it: see the fixture's SOURCES.md. */
function goRandom(lengthBytes: number): Uint8Array {
  const count = lengthBytes / 4;
  const path = new URL('../../test/fixtures/chunker/go-math-rand-seed-23.bin', import.meta.url);
  const seed = readFileSync(path);
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  for (let n = 0; n < 607; n += 1) {
    low[n] = seed.readUInt32LE(n * 8);
    high[n] = seed.readUInt32LE(n * 8 + 4);
  }
  for (let n = 607; n < count; n += 1) {
    const sum = low[n - 607]! + low[n - 273]!;
    low[n] = sum;
    high[n] = high[n - 607]! + high[n - 273]! + (sum > 0xffffffff ? 1 : 0);
  }
  const words = new Uint32Array(count);
  for (let n = 0; n < count; n += 1) words[n] = (high[n]! << 1) | (low[n]! >>> 31);
  return new Uint8Array(words.buffer);
}

// From restic/chunker chunker_test.go @ HEAD, `chunks1`.
const CHUNKS_OF_GO_RANDOM = [
  2163460, 643703, 1528956, 1955808, 2222372, 2538687, 609606, 1205738, 959742, 4036109, 1525894,
  1352720, 811884, 1282314, 1318021, 948640, 645464, 533758, 1128303, 800374, 2453512, 2651975,
  237392,
];

test("restic/chunker's own known answer: 32 MiB of pseudo-random bytes", () => {
  expect(cut(goRandom(32 * 1024 * 1024), [512 * 1024])).toEqual(CHUNKS_OF_GO_RANDOM);
});

test("restic/chunker's own known answer: zeros are cut at the minimum, no empty chunk follows", () => {
  expect(cut(new Uint8Array(4 * MIN_CHUNK_BYTES), [1_000_000])).toEqual(
    Array.from({ length: 4 }, () => MIN_CHUNK_BYTES),
  );
});

test('restic/chunker cut this stream with another polynomial in the same places', () => {
  const lengths = cut(stream(16_000_000), [700_001], 0x25b468838dcb75n);
  expect(lengths.slice(0, 9)).toEqual([
    547920, 1171903, 1303485, 2498885, 2629392, 1987442, 1476935, 2527413, 926391,
  ]);
});

test('the cuts are those of the plain definition', () => {
  const bytes = stream(MIN_CHUNK_BYTES * 2 + 200_000);
  expect(cut(bytes, [bytes.length])).toEqual(referenceChunkLengths(bytes, TEST_POLYNOMIAL));
});

test('the sizes of the reads do not matter', () => {
  const bytes = stream(3_000_000, 7);
  const expected = cut(bytes, [bytes.length]);
  expect(expected.length).toBeGreaterThan(1);
  const sizes = fc.array(fc.integer({ min: 50, max: 400_000 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sizes, (readSizes) => {
      expect(cut(bytes, readSizes)).toEqual(expected);
    }),
    { numRuns: 30 },
  );
  expect(cut(bytes.subarray(0, 600_000), [1])).toEqual(cut(bytes.subarray(0, 600_000), [600_000]));
});

test('a chunk ends at 8 MiB where the content offers no cut', () => {
  // A period of 64 bytes shows every window only 64 fingerprints, none of which is a cut here.
  const bytes = new Uint8Array(MAX_CHUNK_BYTES * 2 + 5);
  const period = stream(64, 3);
  for (let at = 0; at < bytes.length; at += 64)
    bytes.set(period.subarray(0, bytes.length - at), at);
  expect(cut(bytes, [1_000_003])).toEqual([MAX_CHUNK_BYTES, MAX_CHUNK_BYTES, 5]);
});

test('reset begins anew, whatever came before', () => {
  const bytes = stream(1_300_000);
  const chunker = new ContentChunker(TEST_POLYNOMIAL);
  expect(chunker.scan(stream(540_000, 9))).toBe(-1);
  expect(chunker.length).toBe(540_000);
  chunker.reset();
  expect(chunker.scan(bytes)).toBe(551_133);
  expect(chunker.scan(bytes, 551_133)).toBe(640_712);
});

test('chunkers of one repository do not disturb one another', () => {
  const [a, b] = [new ContentChunker(TEST_POLYNOMIAL), new ContentChunker(TEST_POLYNOMIAL)];
  const bytes = stream(560_000);
  for (const chunker of [a, b]) expect(chunker.scan(bytes.subarray(0, 530_001))).toBe(-1);
  expect(b.scan(stream(10_000, 1))).toBe(-1);
  expect(a.scan(bytes, 530_001)).toBe(551_133);
});

test('files below the minimum are one chunk', () => {
  const bytes = stream(MIN_CHUNK_BYTES - 1);
  expect(cut(bytes, [1000])).toEqual([bytes.length]);
  expect(cut(new Uint8Array(0), [1000])).toEqual([]);
});

test('the self-test agrees with restic/chunker', () => {
  expect(() => chunkerSelfTest()).not.toThrow();
});

test('a polynomial of another degree is refused', () => {
  expect(() => new ContentChunker(0b111n)).toThrow(/degree/);
});
