import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pageChunkSize } from './page-chunk.ts';

const MB = 1_000_000;
const pageSizes = fc.constantFrom(512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536);
const sizes = fc.integer({ min: 0, max: 1e12 });

test.each([
  [0, 4096],
  [11 * MB, 4096],
  [42 * MB, 4096],
  [260 * MB, 4096],
  [290 * MB, 16_384],
  [1200 * MB, 16_384],
  [4000 * MB, 65_536],
  [16_000 * MB, 65_536],
  [1e12, 65_536],
])('a database of %i bytes is stored in pieces of %i', (databaseBytes, expected) => {
  expect(pageChunkSize(databaseBytes, 4096)).toBe(expected);
});

test('the size is a power of two, a multiple of the page, from 4 to 64 KiB', () => {
  fc.assert(
    fc.property(
      sizes,
      pageSizes,
      fc.option(fc.integer(), { nil: undefined }),
      (bytes, page, previous) => {
        const size = pageChunkSize(bytes, page, previous);
        expect(Number.isInteger(Math.log2(size))).toBe(true);
        expect(size % page).toBe(0);
        expect(size).toBeGreaterThanOrEqual(4096);
        expect(size).toBeLessThanOrEqual(65_536);
      },
    ),
  );
});

test('what was used before stays until the best size is 4 times larger or smaller', () => {
  expect(pageChunkSize(500 * MB, 4096, 4096)).toBe(4096);
  expect(pageChunkSize(510 * MB, 4096, 4096)).toBe(16_384);
  expect(pageChunkSize(150 * MB, 4096, 8192)).toBe(8192);
  expect(pageChunkSize(35 * MB, 4096, 16_384)).toBe(16_384);
  expect(pageChunkSize(30 * MB, 4096, 16_384)).toBe(4096);
});

test.each([300 * MB, 2500 * MB])('around %i bytes no backup goes back and forth', (bytes) => {
  const first = pageChunkSize(bytes, 4096);
  expect(pageChunkSize(bytes * 0.7, 4096, first)).toBe(first);
  const smaller = pageChunkSize(bytes * 0.7, 4096);
  expect(smaller).toBeLessThan(first);
  expect(pageChunkSize(bytes, 4096, smaller)).toBe(smaller);
});

test('a size that no longer fits the pages is given up', () => {
  expect(pageChunkSize(11 * MB, 16_384, 4096)).toBe(16_384);
  expect(pageChunkSize(11 * MB, 4096, 5000)).toBe(4096);
});

test('a growing database is stored anew at most twice', () => {
  let previous: number | undefined;
  const used = new Set<number>();
  for (let bytes = MB; bytes < 1e11; bytes *= 1.1) {
    previous = pageChunkSize(bytes, 4096, previous);
    used.add(previous);
  }
  expect([...used]).toEqual([4096, 16_384, 65_536]);
});
