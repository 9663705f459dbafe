import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import type { IndexedBlob } from '../format/index-file.ts';
import { BlobIndex } from './blob-index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const idOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function blob(name: string, fields: Partial<IndexedBlob> = {}): IndexedBlob {
  return { id: idOf(name), type: 'data', offset: 0, length: 100, ...fields };
}

test('a blob is found where it was put, with every field', () => {
  const index = new BlobIndex();
  const packId = idOf('pack');
  const packed = blob('a', { offset: 7, length: 60, uncompressedLength: 4_000_000_000 });
  index.addPack(packId, [packed, blob('t', { type: 'tree', offset: 67 })]);
  expect(index.find('data', packed.id)).toEqual({ ...packed, packId });
  expect(index.find('tree', idOf('t'))).toEqual({
    ...blob('t', { type: 'tree', offset: 67 }),
    packId,
  });
  expect(index.size).toBe(2);
});

test('a blob of the other type, of another id or of no id is not found', () => {
  const index = new BlobIndex();
  index.addPack(idOf('pack'), [blob('a')]);
  expect(index.find('tree', idOf('a'))).toBeUndefined();
  expect(index.find('data', idOf('b'))).toBeUndefined();
  expect(index.has('data', '')).toBe(false);
  expect(index.has('data', idOf('a').slice(0, 62))).toBe(false);
  expect(new BlobIndex().has('data', idOf('a'))).toBe(false);
});

test('a blob in two packs is found in both, the first pack first', () => {
  const index = new BlobIndex();
  index.addPack(idOf('one'), [blob('a', { offset: 1 })]);
  index.addPack(idOf('two'), [blob('b'), blob('a', { offset: 2 })]);
  expect(index.findAll('data', idOf('a')).map(({ packId, offset }) => [packId, offset])).toEqual([
    [idOf('one'), 1],
    [idOf('two'), 2],
  ]);
});

test('a pack that two index files list in part is whole, and what both list counts once', () => {
  const index = new BlobIndex();
  index.addPack(idOf('pack'), [blob('a'), blob('b', { offset: 100 })]);
  index.addPack(idOf('other'), [blob('z')]);
  index.addPack(idOf('pack'), [blob('b', { offset: 100 }), blob('c', { offset: 200 })]);
  const offsets = [...index.entriesOf(idOf('pack'))].map(({ offset }) => offset);
  expect(offsets).toEqual([0, 100, 200]);
  expect(index.size).toBe(4);
  expect(index.packCount).toBe(2);
  expect([...index.entriesOf(idOf('other'))]).toHaveLength(1);
  expect([...index.entriesOf(idOf('unknown'))]).toEqual([]);
});

test('the same blob twice in one pack is two places', () => {
  const index = new BlobIndex();
  index.addPack(idOf('pack'), [blob('a'), blob('a', { offset: 100 })]);
  expect(index.findAll('data', idOf('a'))).toHaveLength(2);
});

test('whatever is put in comes out, in order, whatever ids share their first bytes', () => {
  const ids = fc.tuple(fc.nat(3), fc.nat(40)).map(([a, b]) => `0000000${a}`.padEnd(64, `${b}`));
  const blobs = fc.array(
    fc.record({
      id: ids,
      type: fc.constantFrom('data' as const, 'tree' as const),
      offset: fc.nat(2 ** 31),
      length: fc.integer({ min: 32, max: 2 ** 31 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.array(blobs, { maxLength: 8 }), (packs) => {
      const index = new BlobIndex();
      const expected = packs.flatMap((entries, at) => {
        const packId = idOf(`pack ${at}`);
        index.addPack(packId, entries);
        return entries.map((entry) => ({ ...entry, packId }));
      });
      expect([...index.entries()]).toEqual(expected);
      for (const { type, id } of expected) {
        const places = expected.filter((entry) => entry.type === type && entry.id === id);
        expect(index.findAll(type, id)).toEqual(places);
      }
    }),
    { numRuns: 60 },
  );
});

test('a million blobs take at most 80 MB, and each is found', () => {
  const BLOBS = 1_000_000;
  const PER_PACK = 500;
  const index = new BlobIndex();
  const before = usedBytes();
  for (let at = 0; at < BLOBS; at += PER_PACK) {
    const blobs = Array.from({ length: PER_PACK }, (_, n) => numbered(at + n));
    index.addPack(idOf(`pack ${at}`), blobs);
  }
  const takenBytes = usedBytes() - before;
  expect(index.size).toBe(BLOBS);
  expect(takenBytes).toBeLessThan(80e6);
  for (let at = 0; at < BLOBS; at += 9973) {
    expect(index.find('data', numbered(at).id)?.offset).toBe(numbered(at).offset);
  }
  expect(index.has('data', numbered(BLOBS).id)).toBe(false);
}, 60_000);

/** Spread over all values, as hashes are, and cheap to make. */
function numbered(n: number): IndexedBlob {
  const head = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  const id = head.toString(16).padStart(8, '0') + n.toString(16).padStart(56, '0');
  return { id, type: 'data', offset: n * 3, length: 1000 };
}

function usedBytes(): number {
  collectGarbage();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
