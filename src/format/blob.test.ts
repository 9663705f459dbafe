import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { systemRandom } from '../base/clock.ts';
import { utf8Encode } from '../base/bytes.ts';
import { blobId, openBlob, openBlobInto, sealBlob } from './blob.ts';
import { compress as zstd, type CompressionMode } from './compression.ts';
import { generateMasterKey, seal, SEAL_OVERHEAD_BYTES } from './crypto.ts';

const master = generateMasterKey(systemRandom);
const TEXT = utf8Encode('a page of a database, '.repeat(20));

function sealed(plaintext: Uint8Array, compress: CompressionMode | boolean) {
  const id = blobId(plaintext);
  return { id, ...sealBlob({ master, plaintext, id, compress, nonce: systemRandom(16) }) };
}

test('an id is the SHA-256 of the plaintext', () => {
  expect(blobId(TEXT)).toBe(createHash('sha256').update(TEXT).digest('hex'));
});

test('any blob comes back in any compression', () => {
  const modes = fc.constantFrom<CompressionMode | boolean>(
    true,
    false,
    'off',
    'auto',
    'fastest',
    'better',
    'max',
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), modes, (plaintext, mode) => {
      expect([...openBlob({ master, ...sealed(plaintext, mode) })]).toEqual([...plaintext]);
    }),
  );
});

test('text is stored compressed with its length, and as it is when compression is off', () => {
  const small = sealed(TEXT, 'auto');
  expect(small.uncompressedLength).toBe(TEXT.length);
  expect(small.sealed.length).toBeLessThan(TEXT.length / 2);
  for (const mode of ['off', false] as const) {
    expect(sealed(TEXT, mode)).not.toHaveProperty('uncompressedLength');
    expect(sealed(TEXT, mode).sealed.length).toBe(TEXT.length + SEAL_OVERHEAD_BYTES);
  }
});

test('what does not get smaller, and the empty blob, are stored as they are', () => {
  for (const plaintext of [systemRandom(4096), utf8Encode('abc'), new Uint8Array(0)]) {
    const blob = sealed(plaintext, 'max');
    expect(blob).not.toHaveProperty('uncompressedLength');
    expect(blob.sealed.length).toBe(plaintext.length + SEAL_OVERHEAD_BYTES);
  }
});

test.each(['auto', 'off'] as const)('a changed byte anywhere is found (%s)', (mode) => {
  const blob = sealed(TEXT, mode);
  for (let at = 0; at < blob.sealed.length; at += 1) {
    const changed = Uint8Array.from(blob.sealed);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    expect(() => openBlob({ master, ...blob, sealed: changed })).toThrow(
      expect.objectContaining({ code: 'FORMAT_MAC_MISMATCH' }),
    );
  }
});

test('a blob cut at any length is found, and the message names the blob', () => {
  const blob = sealed(TEXT, 'auto');
  for (let length = 0; length < blob.sealed.length; length += 1) {
    const cut = { master, ...blob, sealed: blob.sealed.subarray(0, length) };
    expect(() => openBlob(cut)).toThrow(
      expect.objectContaining({
        code: length < SEAL_OVERHEAD_BYTES ? 'FORMAT_TRUNCATED' : 'FORMAT_MAC_MISMATCH',
        message: expect.stringContaining(blob.id),
      }),
    );
  }
});

test('a well-sealed blob with another content is found by its hash', () => {
  const blob = sealed(TEXT, 'auto');
  const other = sealed(utf8Encode('something else'), 'auto');
  expect(() => openBlob({ master, ...other, id: blob.id })).toThrow(
    expect.objectContaining({
      code: 'FORMAT_BLOB_HASH',
      details: { id: blob.id, actualId: other.id },
    }),
  );
});

test('a wrong recorded length, or one that is missing, is found', () => {
  const { uncompressedLength: _, ...blob } = sealed(TEXT, 'auto');
  expect(() => openBlob({ master, ...blob })).toThrow(
    expect.objectContaining({ code: 'FORMAT_BLOB_HASH' }),
  );
  for (const uncompressedLength of [1, TEXT.length - 1, TEXT.length + 1]) {
    expect(() => openBlob({ master, ...blob, uncompressedLength })).toThrow(
      expect.objectContaining({ code: 'FORMAT_DECOMPRESS' }),
    );
  }
});

test('restic’s way, compressed although larger, opens too', () => {
  const plaintext = systemRandom(100);
  const bytes = seal(master, zstd(plaintext), systemRandom(16));
  const id = blobId(plaintext);
  expect([...openBlob({ master, sealed: bytes, id, uncompressedLength: 100 })]).toEqual([
    ...plaintext,
  ]);
});

test('a blob opens into given memory as it does into its own', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.boolean(), (plaintext, compress) => {
      const target = new Uint8Array(plaintext.length);
      openBlobInto(target, { master, ...sealed(plaintext, compress) });
      expect(Buffer.compare(target, plaintext)).toBe(0);
    }),
  );
});

test.each(['auto', 'off'] as const)(
  'into given memory, too, a changed byte is found (%s)',
  (mode) => {
    const blob = sealed(TEXT, mode);
    const target = new Uint8Array(TEXT.length);
    for (let at = 0; at < blob.sealed.length; at += 1) {
      const changed = Uint8Array.from(blob.sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => openBlobInto(target, { master, ...blob, sealed: changed })).toThrow(
        expect.objectContaining({ code: 'FORMAT_MAC_MISMATCH' }),
      );
    }
    const { id } = sealed(Uint8Array.of(1), 'off');
    expect(() => openBlobInto(target, { master, ...blob, id })).toThrow(
      expect.objectContaining({ code: 'FORMAT_BLOB_HASH' }),
    );
    expect(() => openBlobInto(target, { master, ...blob, sealed: new Uint8Array(31) })).toThrow(
      expect.objectContaining({ code: 'FORMAT_TRUNCATED' }),
    );
  },
);

test("a recorded length that is not the content's is found when given memory of that length", () => {
  const blob = sealed(TEXT, 'auto');
  for (const wrong of [1, TEXT.length - 1, TEXT.length + 1]) {
    const opening = () => {
      openBlobInto(new Uint8Array(wrong), { master, ...blob, uncompressedLength: wrong });
    };
    expect(opening).toThrow(expect.objectContaining({ code: 'FORMAT_DECOMPRESS' }));
  }
});
