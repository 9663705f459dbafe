import { expect, test } from 'vitest';
import {
  CHEAPEST_SCRYPT,
  createLab,
  PASSWORD,
  selfFacts,
} from '../../test/support/repository-lab.ts';
import { FaultyBackend } from '../../test/support/faulty-backend.ts';
import { createMemBackend } from '../backend/mem-backend.ts';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { addKey, chooseKey, findKey, listKeys, removeKey } from './keys.ts';
import { fileName } from './sealed-files.ts';

async function twoKeys() {
  const { backend, key } = await createLab();
  const parts = { backend, clock: systemClock, random: systemRandom, identity: selfFacts };
  const second = await addKey(parts, key.master, { password: 'second', params: CHEAPEST_SCRYPT });
  return { backend, first: key.keyId, second, master: key.master };
}

test('each password opens its own key, and both give the same master key', async () => {
  const { backend, first, second, master } = await twoKeys();
  expect(await findKey(backend, PASSWORD)).toEqual({ master, keyId: first });
  expect(await findKey(backend, 'second')).toEqual({ master, keyId: second });
});

test('a wrong password opens nothing, says how many keys there are, and writes nothing', async () => {
  const { backend } = await twoKeys();
  const before = backend.files();
  await expect(findKey(backend, 'wrong')).rejects.toMatchObject({
    code: 'REPOSITORY_WRONG_PASSWORD',
    exitCode: 12,
    message: expect.stringContaining('all 2 keys') as string,
  });
  expect(backend.files()).toEqual(before);
});

test('the hinted key is tried first', async () => {
  const { backend, first, second } = await twoKeys();
  for (const hinted of [first, second]) {
    const faulty = new FaultyBackend(backend);
    const loaded: string[] = [];
    faulty.fail('load', undefined).on(({ name }) => {
      loaded.push(name);
      return false;
    });
    const password = hinted === first ? PASSWORD : 'second';
    await findKey(faulty, password, { keyHint: hinted.slice(0, 8) });
    expect(loaded).toEqual([hinted]);
  }
});

test.each([
  ['emptied', () => new Uint8Array()],
  ['cut short', (bytes: Uint8Array) => bytes.subarray(0, 100)],
  ['no JSON', () => utf8Encode('rubbish')],
  [
    'asking for a terabyte of memory',
    (bytes: Uint8Array) => utf8Encode(utf8Decode(bytes).replace('"N":16', '"N":2147483648')),
  ],
])(
  'a key file that is %s does not block the others and is named when none fits',
  async (_, damage) => {
    const { backend, first, second } = await twoKeys();
    const handle = { kind: 'key', name: first } as const;
    backend.tamper(handle, damage(await backend.load(handle)));
    expect((await findKey(backend, 'second', { keyHint: first })).keyId).toBe(second);
    await expect(findKey(backend, PASSWORD)).rejects.toMatchObject({
      code: 'REPOSITORY_WRONG_PASSWORD',
      details: { damagedKeys: [first] },
    });
  },
);

test('damage of the only key is told as such, whatever the password', async () => {
  const { backend, key } = await createLab();
  const handle = { kind: 'key', name: key.keyId } as const;
  const bytes = await backend.load(handle);
  for (const damaged of [
    bytes.subarray(0, 100),
    bytes.with(bytes.length - 20, (bytes.at(-20) ?? 0) ^ 1),
  ]) {
    backend.tamper(handle, damaged);
    for (const password of [PASSWORD, 'wrong']) {
      await expect(findKey(backend, password)).rejects.toMatchObject({
        code: 'REPOSITORY_KEYS_DAMAGED',
        exitCode: 20,
        message: expect.stringContaining(key.keyId) as string,
      });
    }
  }
});

test('the only key still opens after a flip outside of what it seals', async () => {
  const { backend, key } = await createLab();
  const handle = { kind: 'key', name: key.keyId } as const;
  const text = utf8Decode(await backend.load(handle));
  backend.tamper(handle, utf8Encode(text.replace('"hostname":"nas"', '"hostname":"nbs"')));
  expect(await findKey(backend, PASSWORD)).toEqual(key);
});

test('a key file that the disk does not give does not block the others', async () => {
  const { backend, first, second } = await twoKeys();
  const faulty = new FaultyBackend(backend);
  const details = { location: 'x', file: first, reason: 'input/output error (EIO)' };
  faulty
    .fail('load', new KeepsakeError('BACKEND_DEVICE_FAILED', details))
    .on(({ name }) => name === first);
  expect((await findKey(faulty, 'second', { keyHint: first })).keyId).toBe(second);
});

test('a place without keys is no repository, or one whose keys were lost', async () => {
  await expect(findKey(createMemBackend(), PASSWORD)).rejects.toMatchObject({
    code: 'REPOSITORY_NOT_FOUND',
    exitCode: 10,
    hint: expect.stringContaining('init') as string,
  });
  const { backend, key } = await createLab();
  backend.tamper({ kind: 'key', name: key.keyId }, undefined);
  await expect(findKey(backend, PASSWORD)).rejects.toMatchObject({
    code: 'REPOSITORY_KEYS_MISSING',
  });
});

test('keys are listed with who made them, damaged ones with what is wrong', async () => {
  const { backend, first, second } = await twoKeys();
  backend.tamper({ kind: 'key', name: second }, utf8Encode('{}'));
  const keys = await Array.fromAsync(listKeys(backend));
  expect(keys.find(({ name }) => name === first)?.key).toMatchObject({
    username: 'root',
    hostname: 'nas',
  });
  expect(keys.find(({ name }) => name === second)?.problem).toMatch(/do not match its name/);
});

test('a key is chosen by the beginning of its name, if only one begins so', async () => {
  const { backend, first } = await twoKeys();
  expect(await chooseKey(backend, first.slice(0, 10))).toBe(first);
  for (const wanted of ['', 'xyz', fileName(utf8Encode('other'))]) {
    await expect(chooseKey(backend, wanted)).rejects.toMatchObject({
      code: 'REPOSITORY_KEY_NOT_FOUND',
      details: { wanted, candidates: [] },
    });
  }
  backend.tamper({ kind: 'key', name: `aa11${'0'.repeat(60)}` }, utf8Encode('{}'));
  backend.tamper({ kind: 'key', name: `aa22${'0'.repeat(60)}` }, utf8Encode('{}'));
  await expect(chooseKey(backend, 'aa')).rejects.toThrow(/matches 2 keys/);
});

test('the key in use is never removed; another one opens nothing afterwards', async () => {
  const { backend, first, second } = await twoKeys();
  await expect(removeKey(backend, { name: first, inUse: first })).rejects.toMatchObject({
    code: 'REPOSITORY_KEY_IN_USE',
  });
  await removeKey(backend, { name: second, inUse: first });
  await expect(findKey(backend, 'second')).rejects.toThrow(/its only key/);
});
