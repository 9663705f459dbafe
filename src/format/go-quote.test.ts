import { expect, test } from 'vitest';
import fc from 'fast-check';
import { decodeRawName } from '../base/raw-name.ts';
import { isGoPrintable } from './go-printable.ts';
import { quoteGo, unquoteGo } from './go-quote.ts';

const rawName = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map(decodeRawName),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.toWellFormed()),
);

// What Go's strconv.Quote gives, without the quotes.
test.each([
  ['plain größe 日本🎁', 'plain größe 日本🎁'],
  ['q"uote', 'q\\"uote'],
  ['back\\slash', 'back\\\\slash'],
  ["it's", "it's"],
  ['\u0007\b\f\n\r\t\v', '\\a\\b\\f\\n\\r\\t\\v'],
  ['\u0000\u0001\u001b\u007f', '\\x00\\x01\\x1b\\x7f'],
  ['\u0080\u00a0\u00ad\u200b\u2028\ufeff', '\\u0080\\u00a0\\u00ad\\u200b\\u2028\\ufeff'],
  ['\ue000\u0378\ufffd', '\\ue000\\u0378\ufffd'],
  ['\u{e0001}\u{10ffff}', '\\U000e0001\\U0010ffff'],
  ['<a>&b', '<a>&b'],
])('%j is quoted as Go quotes it', (name, quoted) => {
  expect(quoteGo(name)).toBe(quoted);
  expect(unquoteGo(quoted)).toBe(name);
});

test('bytes that are not UTF-8 are quoted one by one', () => {
  const name = decodeRawName(Uint8Array.of(0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80));
  expect(quoteGo(name)).toBe('a\\xff\\xc3(\\xed\\xa0\\x80');
  expect(unquoteGo('a\\xff\\xc3(\\xed\\xa0\\x80')).toBe(name);
});

test('escaped bytes that make up UTF-8 together are the character they encode', () => {
  expect(unquoteGo('gr\\xc3\\xb6\\303\\237e')).toBe('größe');
  expect(unquoteGo('\\u00f6\\U0001f381')).toBe('ö🎁');
});

test.each(['a"b', 'a\nb', 'a\\', '\\q', "\\'", '\\x4', '\\ud800', '\\U00110000', '\\400', '\\8'])(
  '%j is refused, as by Go',
  (quoted) => {
    expect(() => unquoteGo(quoted)).toThrow(SyntaxError);
  },
);

test('every name survives quoting, and no half of a surrogate pair is left in the text', () => {
  fc.assert(
    fc.property(rawName, (name) => {
      const quoted = quoteGo(name);
      expect(quoted.isWellFormed()).toBe(true);
      expect(unquoteGo(quoted)).toBe(name);
    }),
  );
});

test('printable means printable in Unicode 15.0, whatever the engine knows', () => {
  const category = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
  let count = 0;
  for (let code = 0; code < 0x110000; code += 1) {
    if (!isGoPrintable(code)) continue;
    count += 1;
    if (!category.test(String.fromCodePoint(code))) expect.fail(`U+${code.toString(16)}`);
  }
  // Counted in UnicodeData.txt 15.0.0: categories L, M, N, P, S and the space.
  expect(count).toBe(148_998);
  expect(isGoPrintable(0x1fae0)).toBe(true); // Unicode 14
  expect(isGoPrintable(0x1fae8)).toBe(true); // Unicode 15.0
  expect(isGoPrintable(0x2ffc)).toBe(false); // Unicode 15.1
  expect(isGoPrintable(0x1c89)).toBe(false); // Unicode 16
});
