/**
 * Files beside the cached index files of a repository that were made from one, under its name:
 * `<cache folder>/<repository id>/derived/<first two digits>/<name>`. Whoever writes them seals them,
 * and proves what he reads. Nothing here is needed: any file may vanish, and none be writable. What
 * the store no longer lists is tidied away with the cached index files.
 */
import { join } from 'node:path';
import { isHexId } from '../base/bytes.ts';
import type { Random } from '../base/clock.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { DERIVED_FOLDER, replaceCacheFile } from './cache-folder.ts';
import { nodeFileLayer, type FileLayer } from './file-layer.ts';
import { readRange, removeQuietly } from './whole-file.ts';

export interface DerivedFilesOptions {
  /** As given to `withCache`. */
  readonly folder: string;
  readonly repositoryId: string;
  readonly random: Random;
  readonly fileLayer?: FileLayer | undefined;
}

export class DerivedFiles {
  readonly #options: DerivedFilesOptions;
  readonly #layer: FileLayer;
  readonly #path: string;

  constructor(options: DerivedFilesOptions) {
    this.#options = options;
    this.#layer = options.fileLayer ?? nodeFileLayer;
    this.#path = join(options.folder, options.repositoryId, DERIVED_FOLDER);
  }

  /** `undefined` where there is none, or it cannot be read. */
  async read(name: string): Promise<Uint8Array | undefined> {
    const path = this.#filePath(name);
    const place = { location: this.#options.folder, file: path };
    return readRange(this.#layer, path, { place }).catch(() => undefined);
  }

  /** Where it cannot be written, there is none. */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#filePath(name);
    const { folder: base, random } = this.#options;
    await replaceCacheFile(path, bytes, { layer: this.#layer, random, base }).catch(() => {});
  }

  async remove(name: string): Promise<void> {
    await removeQuietly(this.#layer, this.#filePath(name));
  }

  #filePath(name: string): string {
    assertInternal(isHexId(name), `the cache was asked for "${name}"`);
    return join(this.#path, name.slice(0, 2), name);
  }
}
