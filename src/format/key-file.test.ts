import { expect, test } from 'vitest';
import { toHex, utf8Decode, utf8Encode } from '../base/bytes.ts';
import { systemRandom } from '../base/clock.ts';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { generateMasterKey, seal } from './crypto.ts';
import { deriveKey } from './kdf.ts';
import {
  decodeKeyFile,
  encodeKeyFile,
  openMasterKey,
  sealMasterKey,
  type KeyFile,
} from './key-file.ts';

const PASSWORD = 'correct horse <battery> staple ü';
const FAST = { N: 16, r: 1, p: 1 };
const master = generateMasterKey(systemRandom);

function sealKey(createdAt = new Date('2026-11-23T08:15:30.120Z')): Promise<KeyFile> {
  return sealMasterKey({
    master,
    password: PASSWORD,
    params: FAST,
    username: 'root',
    hostname: '<nas> & more',
    createdAt,
    random: systemRandom,
  });
}

test('the password opens what it sealed, after a way through the file', async () => {
  const key = decodeKeyFile(encodeKeyFile(await sealKey()));
  const opened = await openMasterKey(key, PASSWORD);
  expect(toHex(opened?.encrypt ?? new Uint8Array())).toBe(toHex(master.encrypt));
  expect(toHex(opened?.macK ?? new Uint8Array())).toBe(toHex(master.macK));
  expect(toHex(opened?.macR ?? new Uint8Array())).toBe(toHex(master.macR));
});

test.each(['', 'Correct horse <battery> staple ü', `${PASSWORD} `])(
  'another password opens nothing: %j',
  async (password) => {
    await expect(openMasterKey(await sealKey(), password)).resolves.toBeUndefined();
  },
);

test('the file has restic’s fields in restic’s order', async () => {
  const text = utf8Decode(encodeKeyFile(await sealKey()));
  expect(Object.keys(JSON.parse(text) as object)).toEqual(
    'created username hostname kdf N r p salt data'.split(' '),
  );
  expect(text).toMatch(/^\{"created":"2026-11-23T08:15:30\.12Z","username":"root"/);
  expect(text).toContain(String.raw`"hostname":"\u003cnas\u003e \u0026 more"`);
});

test.each([
  ['2026-11-23T00:00:00.000Z', '2026-11-23T00:00:00Z'],
  ['2026-11-20T10:20:30.007Z', '2026-11-20T10:20:30.007Z'],
  ['2026-11-20T10:20:00.500Z', '2026-11-20T10:20:00.5Z'],
])('the time %s is written as Go would: %s', async (given, written) => {
  expect((await sealKey(new Date(given))).created).toBe(written);
});

test('a changed byte anywhere never opens to another master key', async () => {
  const bytes = encodeKeyFile(await sealKey());
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7));
    const opened = await openChanged(changed);
    // What only describes the key is not authenticated: the file's name shows that change.
    if (opened !== undefined) expect(opened).toEqual(await openChanged(bytes));
  }
});

async function openChanged(bytes: Uint8Array): Promise<unknown> {
  try {
    return await openMasterKey(decodeKeyFile(bytes), PASSWORD);
  } catch (error) {
    if (isKeepsakeError(error, 'FORMAT_MALFORMED', 'FORMAT_TRUNCATED', 'FORMAT_KDF')) {
      return undefined;
    }
    throw error;
  }
}

test('each changed byte of salt, data and parameters keeps the key shut', async () => {
  const text = utf8Decode(encodeKeyFile(await sealKey()));
  const guarded = text.indexOf('"kdf"');
  for (let at = guarded; at < text.length; at += 1) {
    const changed = Buffer.from(text);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(openChanged(changed)).resolves.toBeUndefined();
  }
});

test('a key file cut at any byte is refused', async () => {
  const bytes = encodeKeyFile(await sealKey());
  for (let length = 0; length < bytes.length; length += 1) {
    expect(() => decodeKeyFile(bytes.subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'FORMAT_MALFORMED' }),
    );
  }
});

const REFUSED: readonly (readonly [where: string, change: (text: string) => string])[] = [
  ['kdf', (text) => text.replace('scrypt', 'argon2')],
  ['N', (text) => text.replace('"N":16', '"N":1')],
  ['r', (text) => text.replace('"r":1', '"r":0')],
  ['p', (text) => text.replace('"p":1', '"p":1.5')],
  ['salt', (text) => text.replace(/"salt":"....../, '"salt":"')],
  ['salt', (text) => text.replace(/"salt":"../, '"salt":"..')],
  ['data', (text) => text.replace('"data":"', '"data":"*')],
  ['data', (text) => text.replace('"}', '=="}')],
];

test.each(REFUSED)('a wrong %s is refused with its place', async (where, change) => {
  const text = utf8Decode(encodeKeyFile(await sealKey()));
  expect(() => decodeKeyFile(utf8Encode(change(text)))).toThrow(
    expect.objectContaining({
      code: 'FORMAT_MALFORMED',
      message: expect.stringContaining(` at ${where}:`),
    }),
  );
});

test('parameters that would eat all memory are refused before the password is tried', async () => {
  const key = { ...(await sealKey()), params: { N: 2 ** 28, r: 8, p: 1 } };
  await expect(openMasterKey(key, PASSWORD)).rejects.toMatchObject({ code: 'FORMAT_KDF' });
});

test('a master key with a part of wrong length or all zero is refused', async () => {
  const salt = systemRandom(64);
  const derived = await deriveKey(PASSWORD, salt, { params: FAST });
  const zero = Buffer.alloc(16).toString('base64');
  const good = Buffer.alloc(16, 1).toString('base64');
  const encrypt = Buffer.alloc(32, 1).toString('base64');
  for (const text of [
    `{"mac":{"k":"${zero}","r":"${good}"},"encrypt":"${encrypt}"}`,
    `{"mac":{"k":"${good}","r":"${good}"},"encrypt":"${good}"}`,
    `{"mac":{"k":"${good}"},"encrypt":"${encrypt}"}`,
  ]) {
    const data = seal(derived, utf8Encode(text), systemRandom(16));
    const key = { ...(await sealKey()), salt, data };
    await expect(openMasterKey(key, PASSWORD)).rejects.toMatchObject({ code: 'FORMAT_MALFORMED' });
  }
});
