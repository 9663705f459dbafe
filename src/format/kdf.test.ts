import { expect, test } from 'vitest';
import { concatBytes, toHex, utf8Encode } from '../base/bytes.ts';
import { deriveKey, type ScryptParams } from './kdf.ts';

// RFC 7914 § 12, N=1024 r=8 p=16: bytes 0–31 encrypt, 32–47 macK, 48–63 macR.
test('the derived key is scrypt as RFC 7914 has it, split as restic splits it', async () => {
  const key = await deriveKey('password', utf8Encode('NaCl'), {
    params: { N: 1024, r: 8, p: 16 },
  });
  expect(toHex(key.encrypt)).toBe(
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162',
  );
  expect(toHex(concatBytes([key.macK, key.macR]))).toBe(
    '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
  );
});

const REFUSED: readonly (ScryptParams & { why: RegExp })[] = [
  { N: 2 ** 30, r: 8, p: 1, why: /1\.0 TiB of memory/ },
  { N: 32768, r: 1024, p: 1, why: /GiB of memory/ },
  { N: 16384, r: 8, p: 2 ** 20, why: /memory/ },
  { N: 16384, r: 8, p: 10_000, why: /minutes/ },
  { N: 1000, r: 8, p: 1, why: /power of two/ },
  { N: 1, r: 8, p: 1, why: /power of two/ },
  { N: 16, r: 0, p: 1, why: /not possible/ },
  { N: 16, r: 8, p: 1.5, why: /not possible/ },
  { N: Number.NaN, r: 8, p: 1, why: /not possible/ },
];

test.each(REFUSED)('N=$N r=$r p=$p is refused before it costs anything', async (params) => {
  await expect(deriveKey('x', new Uint8Array(64), { params })).rejects.toMatchObject({
    code: 'FORMAT_KDF',
    message: expect.stringMatching(params.why),
  });
});
