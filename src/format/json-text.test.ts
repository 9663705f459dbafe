import { expect, test } from 'vitest';
import fc from 'fast-check';
import { decodeRawName } from '../base/raw-name.ts';
import { encodeGoString } from './json-text.ts';

test.each([
  ['plain', '"plain"'],
  ['Größe-日本-🎁', '"Größe-日本-🎁"'],
  ['a"b\\c/d', String.raw`"a\"b\\c/d"`],
  ['<a href="x">&</a>', String.raw`"\u003ca href=\"x\"\u003e\u0026\u003c/a\u003e"`],
  ['\u2028\u2029\u2027', '"\\u2028\\u2029\u2027"'],
  ['\b\f\n\r\t', String.raw`"\b\f\n\r\t"`],
  ['\u0000\u0001\u001f\u007f', '"\\u0000\\u0001\\u001f\u007f"'],
  ['\ufffd', '"\ufffd"'],
])('%j is written as Go writes it', (text, expected) => {
  expect(encodeGoString(text)).toBe(expected);
});

test('each byte that is not UTF-8 becomes one \\ufffd', () => {
  const name = decodeRawName(Uint8Array.of(0x61, 0xff, 0xfe, 0x62));
  expect(encodeGoString(name)).toBe(String.raw`"a\ufffd\ufffdb"`);
});

const text = fc
  .array(fc.constantFrom(...'a é < > & " \\ \n \0 \u2028 🎁 \ufffd 日'.split(' ')), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));

test('what was encoded reads back as the same text', () => {
  fc.assert(
    fc.property(text, (text) => {
      expect(JSON.parse(encodeGoString(text))).toBe(text);
    }),
  );
});
