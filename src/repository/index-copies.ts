/**
 * Copies of large index files in the local cache, as the columns of the index in memory, sealed with
 * the master key as everything else of the repository. A copy stands for the index file of its name,
 * which is a hash: one that is found to be whole is right as long as that file is listed.
 */
import type { DerivedFiles } from '../backend/derived-files.ts';
import type { Random } from '../base/clock.ts';
import { seal, SEAL_OVERHEAD_BYTES, unsealInto, type MasterKey } from '../format/crypto.ts';
import type { IndexFile } from '../format/index-file.ts';
import { decodeColumns, encodeColumns, type IndexColumns } from './index-columns.ts';

/** Below, reading another file takes as long as the text. */
const WORTH_BLOBS = 1000;

export interface IndexCopiesOptions {
  readonly derived: DerivedFiles;
  readonly master: MasterKey;
  readonly random: Random;
}

export class IndexCopies {
  readonly #options: IndexCopiesOptions;

  constructor(options: IndexCopiesOptions) {
    this.#options = options;
  }

  /** `undefined` where there is none; what is not whole is removed. */
  async load(name: string): Promise<IndexColumns | undefined> {
    const { derived } = this.#options;
    const sealed = await derived.read(name);
    if (sealed === undefined) return undefined;
    const columns = this.#open(name, sealed);
    if (columns === undefined) await derived.remove(name);
    return columns;
  }

  async keep(name: string, file: IndexFile): Promise<void> {
    const blobCount = file.packs.reduce((sum, { blobs }) => sum + blobs.length, 0);
    if (blobCount < WORTH_BLOBS) return;
    const { derived, master, random } = this.#options;
    await derived.write(name, seal(master, encodeColumns(name, file), random(16)));
  }

  #open(name: string, sealed: Uint8Array): IndexColumns | undefined {
    if (sealed.length < SEAL_OVERHEAD_BYTES) return undefined;
    const bytes = new Uint8Array(sealed.length - SEAL_OVERHEAD_BYTES);
    try {
      unsealInto(bytes, { key: this.#options.master, sealed, what: 'a copy of an index file' });
    } catch {
      return undefined; // cut off, of another key, or somebody wrote into it
    }
    return decodeColumns(name, bytes);
  }
}
