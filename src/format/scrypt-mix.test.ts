import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex, utf8Encode } from '../base/bytes.ts';
import { expandLanes, gatherLanes, scryptByNode, type ScryptParams } from './kdf.ts';
import { mixerBytes } from './scrypt-layout.ts';
import { ScryptMixer, type MixWidth } from './scrypt-mix.ts';

const WIDTHS: readonly MixWidth[] = [2, 3];

function scryptByMixer(
  password: string,
  salt: Uint8Array,
  { params, width }: { params: ScryptParams; width: MixWidth },
): string {
  const lanes = expandLanes(password, salt, params);
  const laneBytes = lanes.length / params.p;
  const mixer = new ScryptMixer(params, width);
  expect(mixer.holds()).toBe(true);
  const all = Array.from({ length: params.p }, (_, lane) =>
    lanes.subarray(lane * laneBytes, (lane + 1) * laneBytes),
  );
  for (let at = 0; at < all.length; at += width) mixer.mix(all.slice(at, at + width));
  return toHex(gatherLanes(password, lanes));
}

test.each(WIDTHS)('%i lanes at a time mix passwords as RFC 7914 § 12 has it', (width) => {
  expect(scryptByMixer('', new Uint8Array(0), { params: { N: 16, r: 1, p: 1 }, width })).toBe(
    '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442' +
      'fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
  );
  expect(
    scryptByMixer('password', utf8Encode('NaCl'), { params: { N: 1024, r: 8, p: 16 }, width }),
  ).toBe(
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
      '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
  );
  expect(
    scryptByMixer('pleaseletmein', utf8Encode('SodiumChloride'), {
      params: { N: 16384, r: 8, p: 1 },
      width,
    }),
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
    fc.asyncProperty(
      fc.string(),
      fc.uint8Array(),
      parameters,
      fc.constantFrom(...WIDTHS),
      async (password, salt, params, width) => {
        const expected = await scryptByNode(password, salt, params);
        expect(scryptByMixer(password, salt, { params, width })).toBe(toHex(expected));
      },
    ),
    { numRuns: 100 },
  );
});

test.each(WIDTHS)('the check of %i lanes before their first use holds here', (width) => {
  const mixer = new ScryptMixer({ N: 4, r: 1 }, width);
  expect(mixer.holds()).toBe(true);
  expect(mixer.holds(fromHex('00'.repeat(128)))).toBe(false);
});

test.each(WIDTHS)('%i lanes take the memory that scrypt means for one', (width) => {
  const params = { N: 32768, r: 8 };
  expect(mixerBytes(params, width)).toBeLessThan(128 * params.r * (params.N + 24));
});
