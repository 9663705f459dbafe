import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { looksIncompressible } from './incompressible.ts';

const text = Buffer.from(
  'A row with a name, a price and a note, and more of the same. '.repeat(900),
);

test.each([4096, 9000, 1 << 20])('%i random bytes are not worth compressing', (sizeBytes) => {
  for (let round = 0; round < 20; round += 1) {
    expect(looksIncompressible(randomBytes(sizeBytes))).toBe(true);
  }
});

test('what another program compressed is recognised behind its header', () => {
  const words = Array.from(randomBytes(60_000), (byte) => `${byte % 97} `).join('');
  expect(looksIncompressible(Buffer.concat([Buffer.alloc(200), deflateSync(words)]))).toBe(true);
});

test.each([
  ['text', text],
  ['zeros', Buffer.alloc(50_000)],
  ['half noise, half text', Buffer.concat([randomBytes(20_000), text.subarray(0, 40_000)])],
  ['base64', Buffer.from(randomBytes(30_000).toString('base64'))],
  ['less than 4 KiB', randomBytes(4095)],
])('%s is compressed', (_, bytes) => {
  expect(looksIncompressible(bytes)).toBe(false);
});
