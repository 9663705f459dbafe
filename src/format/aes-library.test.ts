import { createCipheriv, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { aesLibrary } from './aes-library.ts';

const library = aesLibrary();

test('it is there with the Node we ship, and decrypts what node:crypto encrypted', () => {
  expect(library).toBeDefined();
  for (const length of [0, 1, 15, 16, 17, 4000, 1 << 20]) {
    const [key, nonce, plaintext] = [randomBytes(32), randomBytes(16), randomBytes(length)];
    const ciphertext = createCipheriv('aes-256-ctr', key, nonce).update(plaintext);
    const target = Buffer.alloc(length + 5, 0xee);
    const done = library?.applyCtr(target, ciphertext, { key, nonce });
    // Nothing to do may count as not done: the other way is taken then.
    if (length > 0) expect(done).toBe(true);
    expect(target.subarray(0, length).equals(plaintext)).toBe(true);
    expect(target.subarray(length).every((byte) => byte === 0xee)).toBe(true);
  }
});

test('a counter that wraps goes on as in node:crypto', () => {
  const [key, nonce, plaintext] = [randomBytes(32), new Uint8Array(16).fill(0xff), randomBytes(64)];
  const ciphertext = createCipheriv('aes-256-ctr', key, nonce).update(plaintext);
  const target = Buffer.alloc(64);
  expect(library?.applyCtr(target, ciphertext, { key, nonce })).toBe(true);
  expect(target.equals(plaintext)).toBe(true);
});

test('what would write or read beyond its memory is not done', () => {
  const [key, nonce] = [randomBytes(32), randomBytes(16)];
  const ciphertext = randomBytes(100);
  expect(library?.applyCtr(Buffer.alloc(99), ciphertext, { key, nonce })).toBe(false);
  const target = Buffer.alloc(100);
  expect(library?.applyCtr(target, ciphertext, { key: randomBytes(31), nonce })).toBe(false);
  expect(library?.applyCtr(target, ciphertext, { key, nonce: randomBytes(15) })).toBe(false);
});
