import { expect, test } from 'vitest';
import fc from 'fast-check';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import {
  decodeIndexFile,
  encodeIndexFile,
  INDEX_MAX_BLOBS,
  readIndexPacks,
  type IndexedBlob,
  type IndexedPack,
} from './index-file.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const C = 'c'.repeat(64);
const UINT32_MAX = 0xffff_ffff;

const decodeText = (text: string) => decodeIndexFile(utf8Encode(text));

const hexId = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));

/** Blobs of one pack that do not overlap, some of them compressed, in any order. */
const packBlobs = fc
  .array(
    fc.record({
      id: hexId,
      type: fc.constantFrom('data' as const, 'tree' as const),
      gap: fc.nat(3),
      length: fc.integer({ min: 32, max: 9_000_000 }),
      plain: fc.option(fc.integer({ min: 1, max: UINT32_MAX }), { nil: undefined }),
    }),
    { maxLength: 6 },
  )
  .map((parts) => {
    let end = 0;
    return parts.map(({ id, type, gap, length, plain }): IndexedBlob => {
      const offset = end + gap;
      end = offset + length;
      const blob = { id, type, offset, length };
      return plain === undefined ? blob : { ...blob, uncompressedLength: plain };
    });
  })
  .chain((blobs) => fc.shuffledSubarray(blobs, { minLength: blobs.length }));

test('any index comes back as it was', () => {
  const packs = fc.array(fc.record({ id: hexId, blobs: packBlobs }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(hexId, { maxLength: 3 }), packs, (supersedes, packs) => {
      const bytes = encodeIndexFile({ supersedes, packs });
      expect(decodeIndexFile(bytes)).toEqual({ supersedes, packs });
      expect([...readIndexPacks(bytes)]).toEqual(packs);
    }),
  );
});

// restic doc/design.rst § Indexing @ a80be14, the ids shortened there only in prose.
const DESIGN_TEXT =
  '{"supersedes":["ed54ae36197f4745ebc4b54d10e0f623eaaaedd03013eb7ae90df881b7781452"],' +
  '"packs":[{"id":"73d04e6125cf3c28a299cc2f3cca3b78ceac396e4fcf9575e34536b26782413c","blobs":[' +
  '{"id":"3ec79977ef0cf5de7b08cd12b874cd0f62bbaf7f07f3497a5b1bbcc8cb39b1ce","type":"data",' +
  '"offset":0,"length":38},' +
  '{"id":"9ccb846e60d90d4eb915848add7aa7ea1e4bbabfc60e573db9f7bfb2789afbae","type":"data",' +
  '"offset":38,"length":112,"uncompressed_length":511}]}]}\n';

test('the example of restic’s design document reads and writes again alike', () => {
  const index = decodeText(DESIGN_TEXT);
  expect(index.packs[0]?.blobs[1]).toEqual({
    id: '9ccb846e60d90d4eb915848add7aa7ea1e4bbabfc60e573db9f7bfb2789afbae',
    type: 'data',
    offset: 38,
    length: 112,
    uncompressedLength: 511,
  });
  expect(utf8Decode(encodeIndexFile(index))).toBe(DESIGN_TEXT);
});

test('an empty index is the text restic writes', () => {
  expect(utf8Decode(encodeIndexFile({ supersedes: [], packs: [] }))).toBe('{"packs":[]}\n');
  expect(decodeText('{"packs":null}')).toEqual({ supersedes: [], packs: [] });
  expect(decodeText(' {\n "packs" : [ ] } \n')).toEqual({ supersedes: [], packs: [] });
});

test('the bare list of the oldest restics is read', () => {
  const list = /"packs":(.*)\}\n$/.exec(DESIGN_TEXT)?.[1] ?? '';
  expect(decodeText(list).packs).toEqual(decodeText(DESIGN_TEXT).packs);
});

test('fields of later versions are passed over', () => {
  const text = DESIGN_TEXT.replace('{"supersedes"', '{"later":{"packs":["]}"]},"supersedes"');
  expect(decodeText(text.replace('"blobs"', '"kind":[1],"blobs"'))).toEqual(
    decodeText(DESIGN_TEXT),
  );
});

const blob = (fields: object) => ({ id: A, type: 'data', offset: 0, length: 40, ...fields });
const index = (...blobs: object[]) => ({ packs: [{ id: B, blobs }] });
const REFUSED: readonly (readonly [where: string, document: unknown])[] = [
  ['packs', {}],
  ['packs[0].id', { packs: [{ blobs: [] }] }],
  ['packs[0].id', { packs: [{ id: A.slice(1), blobs: [] }] }],
  ['packs[1].blobs', { packs: [{ id: A, blobs: [] }, { id: B }] }],
  ['packs[0]', { packs: [7] }],
  ['packs[0].blobs[0].id', index(blob({ id: 'A'.repeat(64) }))],
  ['packs[0].blobs[0].id', index(blob({ id: null }))],
  ['packs[0].blobs[0].type', index(blob({ type: 'file' }))],
  ['packs[0].blobs[0].offset', index(blob({ offset: -1 }))],
  ['packs[0].blobs[0].offset', index(blob({ offset: '0' }))],
  ['packs[0].blobs[0].length', index(blob({ length: 31 }))],
  ['packs[0].blobs[0].length', index(blob({ length: 40.5 }))],
  ['packs[0].blobs[0].length', index(blob({ offset: UINT32_MAX - 39, length: 40 }))],
  ['packs[0].blobs[0].uncompressed_length', index(blob({ uncompressed_length: -1 }))],
  ['packs[0].blobs[0].uncompressed_length', index(blob({ uncompressed_length: 2 ** 32 }))],
  ['packs[0].blobs', index(blob({}), blob({ id: C, offset: 39 }))],
  ['packs[0].blobs', index(blob({ id: C, offset: 30 }), blob({}))],
  ['supersedes[1]', { supersedes: [A, 'x'], packs: [] }],
];

test.each(REFUSED)('a wrong value is refused with its place: %s in %j', (where, document) => {
  expect(() => decodeText(JSON.stringify(document))).toThrow(
    expect.objectContaining({
      code: 'FORMAT_MALFORMED',
      details: expect.objectContaining({ what: 'index file', where }),
    }),
  );
});

test('an index cut at any byte is refused', () => {
  const bytes = utf8Encode(DESIGN_TEXT);
  for (let length = 0; length < bytes.length - 1; length += 1) {
    expect(() => decodeIndexFile(bytes.subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'FORMAT_MALFORMED' }),
    );
  }
  expect(() => decodeText(`${DESIGN_TEXT}{}`)).toThrow(/malformed/);
});

test('a changed byte anywhere gives an error or another index, never a crash', () => {
  const bytes = utf8Encode(DESIGN_TEXT);
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7));
    let failure: unknown;
    let decoded: unknown;
    try {
      decoded = decodeIndexFile(changed);
    } catch (error) {
      failure = error;
    }
    if (failure === undefined) expect(decoded).not.toEqual(decodeIndexFile(bytes));
    else expect(failure).toMatchObject({ code: 'FORMAT_MALFORMED' });
  }
});

test('a full index of packs with nine blobs or more stays below 8 MiB', () => {
  const blobs = Array.from({ length: 9 }, (_, n): IndexedBlob => {
    const length = 16_000_000 / 9;
    return { id: A, type: 'data', offset: Math.ceil(n * length), length: 1_777_777 };
  }).map((entry) => ({ ...entry, uncompressedLength: 8_000_000 }));
  const pack: IndexedPack = { id: B, blobs };
  const packs = Array.from({ length: Math.ceil(INDEX_MAX_BLOBS / 9) }, () => pack);
  expect(encodeIndexFile({ supersedes: [], packs }).length).toBeLessThan(8 * 1024 * 1024);
});
