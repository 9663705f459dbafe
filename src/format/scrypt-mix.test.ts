import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex, utf8Encode } from '../base/bytes.ts';
import { expandLanes, gatherLanes, scryptByNode, type ScryptParams } from './kdf.ts';
import { mixerBytes, ScryptMixer, scryptMixHolds } from './scrypt-mix.ts';

function scryptByMixer(password: string, salt: Uint8Array, params: ScryptParams): string {
  const lanes = expandLanes(password, salt, params);
  const laneBytes = lanes.length / params.p;
  let at = 0;
  new ScryptMixer(params).mix(() => {
    const lane = lanes.subarray(at, at + laneBytes);
    at += laneBytes;
    return lane.length === 0 ? undefined : lane;
  });
  return toHex(gatherLanes(password, lanes));
}

test('passwords are mixed as RFC 7914 § 12 has it, by one lane and by many', () => {
  expect(scryptByMixer('', new Uint8Array(0), { N: 16, r: 1, p: 1 })).toBe(
    '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442' +
      'fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
  );
  expect(scryptByMixer('password', utf8Encode('NaCl'), { N: 1024, r: 8, p: 16 })).toBe(
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
      '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
  );
  expect(
    scryptByMixer('pleaseletmein', utf8Encode('SodiumChloride'), { N: 16384, r: 8, p: 1 }),
  ).toBe(
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
      'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  );
});

test('whatever the parameters, the answer is that of OpenSSL', async () => {
  const parameters = fc.record({
    N: fc.integer({ min: 2, max: 8 }).map((bits) => 2 ** bits),
    r: fc.integer({ min: 1, max: 9 }),
    p: fc.integer({ min: 1, max: 7 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.uint8Array(), parameters, async (password, salt, params) => {
      const expected = await scryptByNode(password, salt, params);
      expect(scryptByMixer(password, salt, params)).toBe(toHex(expected));
    }),
    { numRuns: 60 },
  );
});

test('the check before the first use holds on this machine', () => {
  expect(scryptMixHolds()).toBe(true);
  expect(scryptMixHolds(fromHex('00'.repeat(128)))).toBe(false);
});

test('two lanes take the memory that scrypt means for one', () => {
  const params = { N: 32768, r: 8 };
  expect(mixerBytes(params)).toBeLessThan(128 * params.r * (params.N + 8));
});
