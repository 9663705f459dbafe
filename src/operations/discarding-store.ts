/** A store for a capture of which nothing is kept: what is saved is sealed, and goes nowhere. */
import type { Random } from '../base/clock.ts';
import { generateMasterKey } from '../format/crypto.ts';
import { ThreadSealer } from '../repository/blob-sealer.ts';
import type { BlobStore } from '../snapshot/blob-writer.ts';

const IS_NEW = { isNew: true };

export function discardingStore(random: Random): BlobStore {
  // Version 1 does not compress: that would be the dearest part of what is thrown away.
  const settings = { master: generateMasterKey(random), version: 1, compression: 'off' } as const;
  return {
    hasBlob: () => false,
    saveBlob: () => Promise.resolve(IS_NEW),
    loadBlob: (_, id) => Promise.reject(new Error(`blob ${id} was not kept`)),
    fileSealing: {
      here: new ThreadSealer(settings, random),
      polynomial: 0n, // never asked for: files are not read
      expect() {},
      run: () => undefined,
      add: () => IS_NEW,
      sendAhead() {},
      ready: () => Promise.resolve(),
    },
  };
}
