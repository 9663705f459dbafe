import { expect, test } from 'vitest';
import { ctr, ecb } from '@noble/ciphers/aes.js';
import { poly1305 } from '@noble/ciphers/_poly1305.js';
import fc from 'fast-check';
import { fromHex, utf8Decode, utf8Encode } from '../base/bytes.ts';
import { systemRandom } from '../base/clock.ts';
import {
  generateMasterKey,
  isUsableKey,
  poly1305Aes,
  seal,
  sealInto,
  SEAL_OVERHEAD_BYTES,
  unseal,
  type MasterKey,
} from './crypto.ts';

// The Poly1305-AES paper, appendix B (https://cr.yp.to/mac/poly1305-20050329.pdf), which restic's
// crypto_int_test.go uses too.
const PAPER_VECTORS = [
  {
    message: 'f3f6',
    r: '851fc40c3467ac0be05cc20404f3f700',
    k: 'ec074c835580741701425b623235add6',
    nonce: 'fb447350c4e868c52ac3275cf9d4327e',
    tag: 'f4c633c3044fc145f84f335cb81953de',
  },
  {
    message: '',
    r: 'a0f3080000f46400d0c7e9076c834403',
    k: '75deaa25c09f208e1dc4ce6b5cad3fbf',
    nonce: '61ee09218d29b0aaed7e154a2c5509cc',
    tag: 'dd3fab2251f11ac759f0887129cc2ee7',
  },
  {
    message: '663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136',
    r: '48443d0bb0d21109c89a100b5ce2c208',
    k: '6acb5f61a7176dd320c5c1eb2edcdc74',
    nonce: 'ae212a55399729595dea458bc621ff0e',
    tag: '0ee1c16bb73f0f4fd19881753c01cdbe',
  },
  {
    message:
      'ab0812724a7f1e342742cbed374d94d136c6b8795d45b3819830f2c04491faf0' +
      '990c62e48b8018b2c3e4a0fa3134cb67fa83e158c994d961c4cb21095c1bf9',
    r: '12976a08c4426d0ce8a82407c4f48207',
    k: 'e1a5668a4d5b66a5f68cc5424ed5982d',
    nonce: '9ae831e743978d3a23527c7128149e3a',
    tag: '5154ad0d2cb26e01274fc51148491f1b',
  },
] as const;

// restic internal/repository/crypto/crypto_int_test.go @ a80be14, `testValues`.
const RESTIC_KEY: MasterKey = {
  encrypt: fromHex('303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef'),
  macK: fromHex('ef4d8824cb80b2bcc5fbff8a9b12a42c'),
  macR: fromHex('cc8d4b948ee0ebfe1d415de921d10353'),
};
const RESTIC_SEALED = fromHex(
  '69fb41c62d12def4593bd71757138606338f621aeaeb39da0fe4f99233f8037a54ea63338a813bcf3f75d8c3cc75dddf8750',
);

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const masterKey = fc.record({ encrypt: bytes(32), macK: bytes(16), macR: bytes(16) });
const nonce = bytes(16).filter((value) => value.some((byte) => byte !== 0));

test.each(PAPER_VECTORS)('the MAC is the paper’s for message "$message"', (vector) => {
  const key = { macK: fromHex(vector.k), macR: fromHex(vector.r) };
  expect(poly1305Aes(key, fromHex(vector.message), fromHex(vector.nonce))).toEqual(
    Uint8Array.from(fromHex(vector.tag)),
  );
});

test('what restic sealed opens, and sealing it again gives the same bytes', () => {
  const plaintext = unseal(RESTIC_KEY, RESTIC_SEALED);
  expect(utf8Decode(plaintext)).toBe('Dies ist ein Test!');
  expect([...seal(RESTIC_KEY, plaintext, RESTIC_SEALED.subarray(0, 16))]).toEqual([
    ...RESTIC_SEALED,
  ]);
});

test('sealing agrees with another implementation for any key, nonce and length', () => {
  fc.assert(
    fc.property(masterKey, nonce, fc.uint8Array({ maxLength: 300 }), (key, nonce, plaintext) => {
      const ciphertext = ctr(key.encrypt, nonce).encrypt(plaintext);
      const pad = ecb(key.macK, { disablePadding: true }).encrypt(nonce);
      const tag = poly1305(ciphertext, Uint8Array.from([...key.macR, ...pad]));
      const sealed = seal(key, plaintext, nonce);
      expect([...sealed]).toEqual([...nonce, ...ciphertext, ...tag]);
      const target = new Uint8Array(sealed.length);
      sealInto(target, { key, plaintext, nonce });
      expect([...target]).toEqual([...sealed]);
      expect([...unseal(key, sealed)]).toEqual([...plaintext]);
    }),
    { numRuns: 60 },
  );
});

test('a changed bit in any byte is refused', () => {
  for (let at = 0; at < RESTIC_SEALED.length; at += 1) {
    for (const bit of [0x01, 0x80]) {
      const changed = Uint8Array.from(RESTIC_SEALED);
      changed[at] = (changed[at] ?? 0) ^ bit;
      expect(() => unseal(RESTIC_KEY, changed)).toThrow(
        expect.objectContaining({ code: 'FORMAT_MAC_MISMATCH' }),
      );
    }
  }
});

test('sealed bytes cut at any length are refused, and the message names them', () => {
  for (let length = 0; length < RESTIC_SEALED.length; length += 1) {
    const code = length < SEAL_OVERHEAD_BYTES ? 'FORMAT_TRUNCATED' : 'FORMAT_MAC_MISMATCH';
    expect(() => unseal(RESTIC_KEY, RESTIC_SEALED.subarray(0, length), 'lock file')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining('the lock file') }),
    );
  }
});

test('each part of another key is refused', () => {
  const other = generateMasterKey(systemRandom);
  const sealed = seal(RESTIC_KEY, utf8Encode('x'), systemRandom(16));
  for (const part of ['macK', 'macR'] as const) {
    expect(() => unseal({ ...RESTIC_KEY, [part]: other[part] }, sealed)).toThrow(
      expect.objectContaining({ code: 'FORMAT_MAC_MISMATCH' }),
    );
  }
});

test('a nonce of wrong length or all zero is never used, and harms no later sealing', () => {
  for (const nonce of [new Uint8Array(16), systemRandom(12), systemRandom(17)]) {
    expect(() => seal(RESTIC_KEY, utf8Encode('x'), nonce)).toThrow();
    expect(() => poly1305Aes(RESTIC_KEY, utf8Encode('x'), systemRandom(12))).toThrow(/12 bytes/);
    expect(utf8Decode(unseal(RESTIC_KEY, RESTIC_SEALED))).toBe('Dies ist ein Test!');
  }
});

test('a new key is usable, one with an empty or short part is not', () => {
  const key = generateMasterKey(systemRandom);
  expect(isUsableKey(key)).toBe(true);
  expect(isUsableKey({ ...key, macR: new Uint8Array(16) })).toBe(false);
  expect(isUsableKey({ ...key, encrypt: key.encrypt.subarray(1) })).toBe(false);
});
