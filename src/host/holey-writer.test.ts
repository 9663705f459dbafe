import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataStretches } from './holey-writer.ts';

const PAGE = 4096;

test('pages are counted from the start of the file, not of the blob', () => {
  const bytes = new Uint8Array(3 * PAGE);
  expect([...dataStretches(bytes, 2 * PAGE)]).toEqual([]);
  // The file's pages begin 96 bytes into this blob: two lie whole in it.
  expect([...dataStretches(bytes, 4000)]).toEqual([
    { start: 0, end: 96 },
    { start: 96 + 2 * PAGE, end: 3 * PAGE },
  ]);
});

test('what is left out is zero and whole pages, and what is not zero is never left out', () => {
  const byte = fc.record({ at: fc.nat(6 * PAGE - 1), value: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 4 }), fc.nat(2 * PAGE), (marks, offset) => {
      const bytes = new Uint8Array(6 * PAGE);
      for (const { at, value } of marks) bytes[at] = value;
      const rebuilt = new Uint8Array(bytes.length);
      let end = 0;
      for (const stretch of dataStretches(bytes, offset)) {
        expect((stretch.start - end) % PAGE).toBe(0);
        if (stretch.start > end) expect((offset + stretch.start) % PAGE).toBe(0);
        rebuilt.set(bytes.subarray(stretch.start, stretch.end), stretch.start);
        end = stretch.end;
      }
      expect(Buffer.compare(rebuilt, bytes)).toBe(0);
    }),
  );
});
