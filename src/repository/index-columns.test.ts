import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { IndexFile } from '../format/index-file.ts';
import { BlobIndex } from './blob-index.ts';
import { decodeColumns, encodeColumns } from './index-columns.ts';

const NAME = '5e'.repeat(32);
const hexId = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const fewIds = fc.constantFrom(...['a1', 'b2', 'c3'].map((pair) => pair.repeat(32)));

const files: fc.Arbitrary<IndexFile> = fc
  .array(
    fc.record({
      id: fc.oneof(hexId, fewIds),
      blobs: fc.array(
        fc.record(
          {
            id: fc.oneof(hexId, fewIds),
            type: fc.constantFrom('data' as const, 'tree' as const),
            offset: fc.nat(0xffff_ffff),
            length: fc.nat(0xffff_ffff),
            uncompressedLength: fc.integer({ min: 1, max: 0xffff_ffff }),
          },
          { requiredKeys: ['id', 'type', 'offset', 'length'] },
        ),
        { maxLength: 20 },
      ),
    }),
    { maxLength: 6 },
  )
  .map((packs) => ({ supersedes: [], packs }));

function copyOf(name: string, file: IndexFile) {
  return decodeColumns(name, new Uint8Array(encodeColumns(name, file)));
}

test('an index that is given columns is the one that is given packs', () => {
  fc.assert(
    fc.property(fc.array(files, { maxLength: 3 }), (list) => {
      const [byPacks, byColumns] = [new BlobIndex(), new BlobIndex()];
      for (const file of list) {
        for (const { id, blobs } of file.packs) byPacks.addPack(id, blobs);
        const columns = copyOf(NAME, file);
        if (columns !== undefined) byColumns.addColumns(columns);
      }
      expect([...byColumns.entries()]).toEqual([...byPacks.entries()]);
      expect(byColumns.packIds()).toEqual(byPacks.packIds());
      for (const packId of byPacks.packIds()) {
        expect(byColumns.blobBytesOf(packId)).toBe(byPacks.blobBytesOf(packId));
        expect([...byColumns.entriesOf(packId)]).toEqual([...byPacks.entriesOf(packId)]);
      }
      for (const { id, type } of byPacks.entries()) {
        expect(byColumns.findAll(type, id)).toEqual(byPacks.findAll(type, id));
      }
    }),
    { numRuns: 200 },
  );
});

test('more blobs than a part of the index holds are all found', () => {
  const blobs = Array.from({ length: 40_000 }, (_, n) => ({
    id: spread(n) + n.toString(16).padStart(56, '0'),
    type: 'data' as const,
    offset: n,
    length: 100 + n,
  }));
  const packs = [
    { id: 'aa'.repeat(32), blobs: blobs.slice(0, 5) },
    { id: 'bb'.repeat(32), blobs: blobs.slice(5) },
  ];
  const columns = copyOf(NAME, { supersedes: [], packs });
  const index = new BlobIndex();
  if (columns !== undefined) index.addColumns(columns);
  expect(index.size).toBe(blobs.length);
  for (const blob of blobs) {
    const place = index.find('data', blob.id);
    expect(place).toEqual({ ...blob, packId: packs[blob.offset < 5 ? 0 : 1]?.id });
  }
});

/** Ids of blobs begin in all ways. */
function spread(n: number): string {
  return (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
}

const file: IndexFile = {
  supersedes: [],
  packs: [
    {
      id: 'aa'.repeat(32),
      blobs: [{ id: 'a1'.repeat(32), type: 'data', offset: 0, length: 100 }],
    },
  ],
};

test.each<[what: string, alter: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
  ['nothing', () => new Uint8Array(0)],
  ['a part', (bytes) => bytes.slice(0, -1)],
  ['more', (bytes) => new Uint8Array([...bytes, 0])],
  ['another version', (bytes) => bytes.with(7, 0x32)],
  ['the order of another machine', (bytes) => bytes.with(40, 0).with(43, 1)],
  ['a wrong number of packs', (bytes) => bytes.with(44, 2)],
  ['a wrong number of blobs', (bytes) => bytes.with(48, 2)],
  ['a wrong number of blobs in a pack', (bytes) => bytes.with(84, 2)],
])('%s is no copy', (_, alter) => {
  const bytes = new Uint8Array(encodeColumns(NAME, file));
  expect(decodeColumns(NAME, bytes)).toBeDefined();
  expect(decodeColumns(NAME, alter(bytes))).toBeUndefined();
});

test('a copy of another index file is none of this one', () => {
  const bytes = new Uint8Array(encodeColumns(NAME, file));
  expect(decodeColumns('77'.repeat(32), bytes)).toBeUndefined();
});
