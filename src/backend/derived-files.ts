/**
 * Files beside the cached ones of a repository that were made from one of them, under its name:
 * `<cache folder>/<repository id>/derived/<first two digits>/<name>`. Whoever writes them seals them,
 * and proves what he reads. Nothing here is needed: any file may vanish, and none be writable.
 */
import { dirname, join } from 'node:path';
import { isHexId, toHex } from '../base/bytes.ts';
import type { Random } from '../base/clock.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { cachedFiles, CACHE_FILE_MODE, CACHE_FOLDER_MODE, DERIVED_FOLDER } from './cache-folder.ts';
import { nodeFileLayer, type FileLayer } from './file-layer.ts';
import { makeFolders } from './local-folders.ts';
import { readRange, removeQuietly, writeNewFile } from './whole-file.ts';

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

  /** Whether it could be written. */
  async write(name: string, bytes: Uint8Array): Promise<boolean> {
    const path = this.#filePath(name);
    const temporary = `${path}-tmp-${toHex(this.#options.random(8))}`;
    try {
      await makeFolders(this.#layer, dirname(path), CACHE_FOLDER_MODE);
      await writeNewFile(this.#layer, temporary, {
        bytes,
        place: { location: this.#options.folder, file: path },
        mode: CACHE_FILE_MODE,
        finalMode: CACHE_FILE_MODE,
        sync: false, // what a crash cuts off is noticed by its seal
      });
      await this.#layer.rename(temporary, path);
      return true;
    } catch {
      await removeQuietly(this.#layer, temporary);
      return false;
    }
  }

  async remove(name: string): Promise<void> {
    await removeQuietly(this.#layer, this.#filePath(name));
  }

  /** Those of other files are of no use any more. */
  async keepOnly(names: ReadonlySet<string>): Promise<void> {
    try {
      for await (const { path, name } of cachedFiles(this.#layer, this.#path)) {
        if (!names.has(name)) await removeQuietly(this.#layer, path);
      }
    } catch {
      // They only take room.
    }
  }

  #filePath(name: string): string {
    assertInternal(isHexId(name), `the cache was asked for "${name}"`);
    return join(this.#path, name.slice(0, 2), name);
  }
}
