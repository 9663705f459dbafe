import { expect, test } from 'vitest';
import { utf8Encode } from '../base/bytes.ts';
import { decodeIndexFile, encodeIndexFile } from './index-file.ts';
import { matchCommonPack } from './index-pattern.ts';

const ids = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
const [packId = '', one = '', two = ''] = ids;
const PACK =
  `{"id":"${packId}","blobs":[{"id":"${one}","type":"data","offset":0,"length":100},` +
  `{"id":"${two}","type":"tree","offset":100,"length":38,"uncompressed_length":4294967295}]}`;

test('a pack as it is written is read whole, wherever it stands', () => {
  const { pack, end } = matchCommonPack(`[${PACK},`, 1) ?? {};
  expect(end).toBe(1 + PACK.length);
  expect(pack).toEqual({
    id: packId,
    blobs: [
      { id: one, type: 'data', offset: 0, length: 100 },
      { id: two, type: 'tree', offset: 100, length: 38, uncompressedLength: 4_294_967_295 },
    ],
  });
  const bytes = encodeIndexFile({ supersedes: [], packs: [pack ?? { id: '', blobs: [] }] });
  expect(new TextDecoder().decode(bytes)).toBe(`{"packs":[${PACK}]}\n`);
});

test.each([
  ['white space', '"offset":100', '"offset": 100'],
  ['another order of fields', '"offset":100,"length":38', '"length":38,"offset":100'],
  ['a field we do not know', '"offset":0', '"new":1,"offset":0'],
  ['a gap', '"offset":100', '"offset":300'],
  ['blobs out of order', '"offset":0', '"offset":200'],
  ['a length of 0 for what is not compressed', '4294967295', '0'],
])('%s is read all the same', (_, from, to) => {
  const text = `{"packs":[${PACK}]}`.replace(from, to);
  const { packs } = decodeIndexFile(utf8Encode(text));
  expect(packs[0]?.blobs.map(({ id }) => id)).toEqual([one, two]);
});

test.each([
  ['a sealed blob shorter than its seal', '"length":38', '"length":31'],
  ['an end beyond 32 bits', '"offset":100', '"offset":4294967290'],
  ['a plaintext beyond 32 bits', '4294967295', '4294967296'],
  ['a leading zero', '"offset":100', '"offset":0100'],
  ['an overlap', '"offset":100', '"offset":99'],
  ['an unknown type', '"tree"', '"twig"'],
  ['a short id', two, two.slice(1)],
  ['an end inside the list', ']}', ','],
])('%s is not common, and wrong', (_, from, to) => {
  expect(matchCommonPack(PACK.replace(from, to), 0)).toBeUndefined();
  const bytes = utf8Encode(`{"packs":[${PACK.replace(from, to)}]}`);
  expect(() => decodeIndexFile(bytes)).toThrow(
    expect.objectContaining({ code: 'FORMAT_MALFORMED' }),
  );
});
