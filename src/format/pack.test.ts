import { expect, test } from 'vitest';
import fc from 'fast-check';
import { asBuffer, concatBytes, fromHex, utf8Encode } from '../base/bytes.ts';
import { systemRandom } from '../base/clock.ts';
import { blobId, sealBlob } from './blob.ts';
import { generateMasterKey, seal, unseal } from './crypto.ts';
import {
  decodePackHeader,
  encodePackHeader,
  headerEntryBytes,
  PACK_MAX_BLOBS,
  packHeaderLength,
  packSizeOf,
  type PackedBlob,
} from './pack.ts';

const master = generateMasterKey(systemRandom);

/** Reads a pack's header as a repository does: the last four bytes, then what they announce. */
function listPack(pack: Uint8Array): PackedBlob[] {
  const length = packHeaderLength(pack.subarray(-4), pack.length);
  return decodePackHeader(pack.subarray(-4 - length, -4), master, pack.length);
}

function buildPack(contents: readonly { text: string; type: 'data' | 'tree' }[]) {
  const blobs: PackedBlob[] = [];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { text, type } of contents) {
    const plaintext = utf8Encode(text);
    const id = blobId(plaintext);
    const { sealed, ...rest } = sealBlob({
      master,
      plaintext,
      id,
      compress: true,
      nonce: systemRandom(16),
    });
    blobs.push({ id, type, offset, length: sealed.length, ...rest });
    parts.push(sealed);
    offset += sealed.length;
  }
  const header = encodePackHeader(blobs, master, systemRandom(16));
  return { blobs, pack: concatBytes([...parts, header]) };
}

const ALL_TYPES = [
  { text: 'short', type: 'data' },
  { text: '{}', type: 'tree' },
  { text: 'long '.repeat(50), type: 'data' },
  { text: '{"nodes":[]} '.repeat(50), type: 'tree' },
] as const;

test('a pack of any blobs lists them again, and its size is as computed', () => {
  const content = fc.record({
    text: fc.oneof(fc.string(), fc.constant('x'.repeat(500))),
    type: fc.constantFrom('data' as const, 'tree' as const),
  });
  fc.assert(
    fc.property(fc.array(content, { minLength: 1, maxLength: 8 }), (contents) => {
      const { blobs, pack } = buildPack(contents);
      expect(listPack(pack)).toEqual(blobs);
      expect(packSizeOf(blobs)).toBe(pack.length);
    }),
    { numRuns: 40 },
  );
});

test('the header’s bytes are those of restic’s design document, all four types', () => {
  const { blobs, pack } = buildPack(ALL_TYPES);
  const length = asBuffer(pack).readUInt32LE(pack.length - 4);
  const plaintext = asBuffer(unseal(master, pack.subarray(-4 - length, -4)));
  let at = 0;
  for (const [type, blob] of blobs.entries()) {
    expect(plaintext[at]).toBe(type);
    expect(plaintext.readUInt32LE(at + 1)).toBe(blob.length);
    if (type >= 2) expect(plaintext.readUInt32LE(at + 5)).toBe(blob.uncompressedLength);
    at += type >= 2 ? 41 : 37;
    expect(plaintext.subarray(at - 32, at)).toEqual(fromHex(blob.id));
  }
  expect(plaintext.length).toBe(at);
  expect(blobs.map(headerEntryBytes)).toEqual([37, 37, 41, 41]);
});

test('a changed byte anywhere in header or length is found', () => {
  const { blobs, pack } = buildPack(ALL_TYPES);
  const last = blobs.at(-1);
  const headerAt = (last?.offset ?? 0) + (last?.length ?? 0);
  for (let at = headerAt; at < pack.length; at += 1) {
    const changed = Uint8Array.from(pack);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    expect(() => listPack(changed)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^FORMAT_(MAC_MISMATCH|MALFORMED)$/) }),
    );
  }
});

test('a pack cut at any length, or with a byte too many, is found', () => {
  const { pack } = buildPack(ALL_TYPES);
  for (let length = 0; length < pack.length; length += 1) {
    expect(() => listPack(pack.subarray(0, length))).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^FORMAT_(TRUNCATED|MAC_MISMATCH|MALFORMED)$/),
      }),
    );
  }
  expect(() => listPack(concatBytes([Uint8Array.of(0), pack]))).toThrow(
    expect.objectContaining({
      code: 'FORMAT_MALFORMED',
      message: expect.stringContaining('the blobs take'),
    }),
  );
});

const ID = 'ab'.repeat(32);
const entry = (type: number, numbers: readonly number[]): Uint8Array => {
  const fields = numbers.map((value) => {
    const field = Buffer.alloc(4);
    field.writeUInt32LE(value);
    return field;
  });
  return concatBytes([Uint8Array.of(type), ...fields, fromHex(ID)]);
};

const REFUSED: readonly (readonly [title: string, plaintext: Uint8Array, problem: RegExp])[] = [
  ['an unknown type', entry(4, [80]), /at byte 0: unknown blob type 4/],
  ['a blob shorter than any sealed one', entry(0, [31]), /at byte 1: 31 is no length/],
  ['a compressed blob of 0 bytes', entry(2, [80, 0]), /at byte 5: a compressed blob of 0 bytes/],
  ['an entry cut short', entry(0, [80]).subarray(0, -1), /ends inside an entry/],
  ['a compressed entry cut short', entry(3, [80, 90]).subarray(0, -1), /ends inside an entry/],
  [
    'lengths that pass 4 GiB',
    concatBytes([entry(0, [0xffff_ff00]), entry(0, [0xffff_ff00])]),
    /at byte 38: 4294967040 is no length/,
  ],
  [
    'lengths that do not fill the pack',
    concatBytes([entry(0, [40]), entry(1, [41])]),
    /the blobs take 81 bytes, the pack holds 80/,
  ],
  ['no entry at all', new Uint8Array(0), /the blobs take 0 bytes/],
];

test.each(REFUSED)('a well-sealed header with %s is refused', (_, plaintext, problem) => {
  const sealed = seal(master, plaintext, systemRandom(16));
  expect(() => decodePackHeader(sealed, master, 80 + sealed.length + 4)).toThrow(
    expect.objectContaining({
      code: 'FORMAT_MALFORMED',
      message: expect.stringMatching(problem),
    }),
  );
});

test.each([0, 31, 68, 100_001, 16 * 1024 * 1024 + 1, 0xffff_ffff])(
  'a header length of %i in a pack of 100,004 bytes is refused',
  (length) => {
    const tail = Buffer.alloc(4);
    tail.writeUInt32LE(length);
    expect(() => packHeaderLength(tail, 100_004)).toThrow(
      expect.objectContaining({ code: 'FORMAT_MALFORMED' }),
    );
  },
);

test('no header over 16 MiB is asked for, however large the pack', () => {
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(16 * 1024 * 1024 + 1);
  expect(() => packHeaderLength(tail, 2 ** 32)).toThrow(/length/);
  // restic: MaxHeaderEntries = (16 MiB + 4 - 36) / 41
  expect(PACK_MAX_BLOBS).toBe(409_199);
});

test('blobs that do not lie one after the other are never written', () => {
  const blob: PackedBlob = { id: ID, type: 'data', offset: 1, length: 40 };
  expect(() => encodePackHeader([blob], master, systemRandom(16))).toThrow(/is at 1 of its pack/);
  expect(() => encodePackHeader([], master, systemRandom(16))).toThrow(/a pack of 0 blobs/);
});
