import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRawName, encodeRawName } from './raw-name.ts';
import { quoteAll, quoteForShell } from './shell-quote.ts';

/** What the shell makes of the words, each ended by a NUL. */
function readByShell(words: string): Uint8Array {
  return execFileSync('sh', ['-euc', `printf '%s\\0' ${words}`]);
}

test.each([
  '',
  '/opt/wishlist/data',
  "it's a 'name'",
  ' two  blanks ',
  '$HOME `id` $(id) \\ " * ? [a] ~ # ! & ; | < >',
  '-n',
  '=x',
  '~root',
  'line\nbreak\n',
  'tab\tand \u001B[31mred\u001B[0m\u007F',
  'ü 日本 🎁',
  decodeRawName(Uint8Array.of(0x2f, 0xff, 0x27, 0xfe, 0x0a)),
])('the shell reads %j as one word, byte for byte', (name) => {
  const expected = Buffer.concat([encodeRawName(name), Uint8Array.of(0)]);
  expect(readByShell(quoteForShell(name))).toEqual(expected);
});

test('any words of bytes come through a shell as they are', () => {
  const byte = fc.integer({ min: 1, max: 255 });
  const word = fc.array(byte, { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
      const all = Buffer.concat(words.map((bytes) => Buffer.from([...bytes, 0])));
      const names = words.map((bytes) => decodeRawName(Uint8Array.from(bytes)));
      expect(readByShell(quoteAll(names))).toEqual(all);
    }),
    { numRuns: 25 },
  );
});

test('no control character and no broken text stands in what is printed', () => {
  const quoted = quoteForShell(decodeRawName(Uint8Array.of(0x1b, 0x5b, 0x41, 0xff)));
  expect(quoted).toMatch(/^[\x20-\x7E]+$/);
});

test('a plain word stands as it is', () => {
  expect(quoteAll(['app:wishlist', '/etc/keepsake/password'])).toBe(
    'app:wishlist /etc/keepsake/password',
  );
});
