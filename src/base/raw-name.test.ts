import { expect, test } from 'vitest';
import fc from 'fast-check';
import { compareRawNames, decodeRawName, displayRawName, encodeRawName } from './raw-name.ts';

test('any bytes survive the way to a string and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(Buffer.from(encodeRawName(decodeRawName(bytes)))).toEqual(Buffer.from(bytes));
    }),
  );
});

test('valid UTF-8 decodes to the string a person would type', () => {
  expect(decodeRawName(Buffer.from('Größe-日本-🎁.webp'))).toBe('Größe-日本-🎁.webp');
});

test('a UTF-8 encoded surrogate and an overlong form stay the bytes they were', () => {
  for (const bytes of [[0xed, 0xb2, 0x80], [0xc0, 0xaf], [0xef, 0xbb, 0xbf], [0xf5]]) {
    const raw = Uint8Array.from(bytes);
    expect([...encodeRawName(decodeRawName(raw))]).toEqual(bytes);
  }
});

/** Bytes of `a`, é, 🎁, 🏁, U+FFEE, and such that are part of nothing. */
const PARTS = [0x61, 0xc3, 0xa9, 0xf0, 0x9f, 0x8e, 0x8f, 0x81, 0xef, 0xbf, 0xae, 0x80, 0xff];

test('names are ordered by their bytes, not by UTF-16 units', () => {
  const likely = fc.array(fc.constantFrom(...PARTS), { maxLength: 9 });
  const whole = fc.array(fc.constantFrom('a', 'é', '🎁', '🏁', '\uFFEE'), { maxLength: 3 });
  const bytes = fc
    .tuple(whole, fc.oneof(fc.uint8Array({ maxLength: 12 }), likely))
    .map(([text, rest]) => Buffer.concat([Buffer.from(text.join('')), Uint8Array.from(rest)]));
  fc.assert(
    fc.property(bytes, bytes, fc.boolean(), (a, b, begins) => {
      const other = begins ? Buffer.concat([a, b]) : b;
      const byName = compareRawNames(decodeRawName(a), decodeRawName(other));
      expect(Math.sign(byName)).toBe(Buffer.compare(a, other));
    }),
    { numRuns: 3000 },
  );
  expect(compareRawNames('\uFFFD', '🎁')).toBeLessThan(0);
});

test('a person sees foreign bytes and control characters as escapes', () => {
  expect(displayRawName(decodeRawName(Uint8Array.of(0x61, 0xff, 0x0a)))).toBe('a\\xff\\x0a');
});
