import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { compress } from './compression.ts';
import { generateMasterKey, seal, unseal } from './crypto.ts';
import { sealUnpacked, unsealUnpacked, type UnpackedKind } from './unpacked.ts';

const master = generateMasterKey(systemRandom);
const KINDS: readonly UnpackedKind[] = ['config', 'lock', 'snapshot', 'index'];
const DOCUMENT = utf8Encode(`{"paths":["${'/srv/app/'.repeat(30)}"]}`);

function sealed(kind: UnpackedKind, version: 1 | 2, plaintext = DOCUMENT): Uint8Array {
  return sealUnpacked({ kind, version, master, plaintext, nonce: systemRandom(16) });
}

test.each(KINDS)('a %s file comes back in both versions', (kind) => {
  for (const version of [1, 2] as const) {
    const bytes = sealed(kind, version);
    expect([...unsealUnpacked({ kind, master, bytes })]).toEqual([...DOCUMENT]);
  }
});

test('version 2 writes 0x02 and zstd, but config and version 1 are plain JSON', () => {
  for (const kind of KINDS) {
    expect([...unseal(master, sealed(kind, 1))]).toEqual([...DOCUMENT]);
    const stored = unseal(master, sealed(kind, 2));
    if (kind === 'config') expect([...stored]).toEqual([...DOCUMENT]);
    else {
      expect(stored[0]).toBe(2);
      expect(stored.length).toBeLessThan(DOCUMENT.length / 2);
    }
  }
});

test('plain JSON, object or list, is read whatever the version', () => {
  for (const text of ['{"a":1}', '[1]']) {
    const bytes = seal(master, utf8Encode(text), systemRandom(16));
    expect(utf8Decode(unsealUnpacked({ kind: 'index', master, bytes }))).toBe(text);
  }
});

test('an encoding of a later format is named, not misread', () => {
  for (const firstByte of [0, 1, 3, 0x28, 0xff]) {
    const plaintext = Buffer.concat([Uint8Array.of(firstByte), compress(DOCUMENT)]);
    const bytes = seal(master, plaintext, systemRandom(16));
    expect(() => unsealUnpacked({ kind: 'snapshot', master, bytes })).toThrow(
      expect.objectContaining({ code: 'FORMAT_ENCODING' }),
    );
  }
});

test('a well-sealed document whose zstd frame is cut is named', () => {
  const plaintext = Buffer.concat([Uint8Array.of(2), compress(DOCUMENT).subarray(0, -3)]);
  const bytes = seal(master, plaintext, systemRandom(16));
  expect(() => unsealUnpacked({ kind: 'lock', master, bytes })).toThrow(
    expect.objectContaining({
      code: 'FORMAT_DECOMPRESS',
      message: expect.stringContaining('the lock file'),
    }),
  );
});

test.each(KINDS)('a %s file with a changed or missing byte anywhere is found', (kind) => {
  const bytes = sealed(kind, 2, utf8Encode('{"version":2}'));
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    expect(() => unsealUnpacked({ kind, master, bytes: changed })).toThrow(
      expect.objectContaining({ code: 'FORMAT_MAC_MISMATCH' }),
    );
    expect(() => unsealUnpacked({ kind, master, bytes: bytes.subarray(0, at) })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^FORMAT_(TRUNCATED|MAC_MISMATCH)$/) }),
    );
  }
});
