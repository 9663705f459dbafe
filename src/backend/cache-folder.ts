/**
 * The local copies of one repository's files, in restic's manner:
 * `<cache folder>/<repository id>/{index,snapshots,data}/<first two digits>/<name>`.
 * What is kept is as encrypted as in the repository. Nothing here is needed: any file may vanish.
 */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { isHexId, toHex, utf8Encode } from '../base/bytes.ts';
import type { Clock, Random } from '../base/clock.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { FileHandle } from './backend.ts';
import { sliceRange } from './byte-range.ts';
import { systemCode } from './file-errors.ts';
import type { FileLayer } from './file-layer.ts';
import { FOLDERS_AT_ONCE, namesIfAny } from './folder-names.ts';
import { isTemporaryName, kindFolder } from './layout.ts';
import { makeFolders } from './local-folders.ts';
import { readRange, removeQuietly, writeNewFile } from './whole-file.ts';

export type CachedKind = 'snapshot' | 'index' | 'pack';

interface ByteRange {
  readonly offsetBytes?: number | undefined;
  readonly lengthBytes?: number | undefined;
}

export interface CacheSurroundings {
  readonly layer: FileLayer;
  readonly clock: Clock;
  readonly random: Random;
}

/** Source: https://bford.info/cachedir/ — backup programs leave a folder out that holds it. */
const CACHEDIR_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This folder holds copies that Keepsake can make again. See https://bford.info/cachedir/
`;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Of files made from index files, under their names: see `derived-files.ts`. */
export const DERIVED_FOLDER = 'derived';
const DAY_MS = 86_400_000;

export class CacheFolder {
  readonly #path: string;
  readonly #base: string;
  readonly #surroundings: CacheSurroundings;
  /** Paths of packs whose bytes this process has hashed. */
  readonly #verifiedPacks = new Set<string>();

  constructor(base: string, repositoryId: string, surroundings: CacheSurroundings) {
    this.#base = base;
    this.#path = join(base, repositoryId);
    this.#surroundings = surroundings;
  }

  /** Makes the folder, tags it, and marks it as used now. */
  async prepare(): Promise<void> {
    const { layer, clock } = this.#surroundings;
    await makeFolders(layer, this.#path, FOLDER_MODE);
    await this.#writeTag();
    await layer.setModified(this.#path, clock.now());
  }

  /**
   * The range of a cached file, or nothing. The first time a file is read whole and hashed, index
   * and snapshot files always; a file that is not what its name says is removed.
   */
  async read(handle: FileHandle, range: ByteRange): Promise<Uint8Array | undefined> {
    const path = this.#filePath(handle);
    const place = { location: this.#base, file: path };
    const { layer } = this.#surroundings;
    let bytes: Uint8Array;
    try {
      if (this.#verifiedPacks.has(path)) return await readRange(layer, path, { ...range, place });
      bytes = await readRange(layer, path, { place });
    } catch {
      await this.remove(handle); // Absent, cut off since, or unreadable: the store has it.
      return undefined;
    }
    if (!isNamedByHash(handle, bytes)) {
      await this.remove(handle);
      return undefined;
    }
    if (handle.kind === 'pack') this.#verifiedPacks.add(path);
    return sliceRange(bytes, range, place);
  }

  /** Keeps a copy, if the bytes are what the name says. */
  async write(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    if (!isNamedByHash(handle, bytes)) return;
    const path = this.#filePath(handle);
    await replaceCacheFile(path, bytes, { ...this.#surroundings, base: this.#base });
    if (handle.kind === 'pack') this.#verifiedPacks.add(path);
  }

  async remove(handle: FileHandle): Promise<void> {
    await this.#removeFile(this.#filePath(handle));
  }

  async #removeFile(path: string): Promise<void> {
    this.#verifiedPacks.delete(path);
    await removeQuietly(this.#surroundings.layer, path);
  }

  /**
   * Removes what the store no longer holds, and what writers cut off a day ago left: once a day,
   * because that lists 256 folders. Until then it only takes room: nobody asks for it.
   */
  async keepOnly(kind: CachedKind, names: ReadonlySet<string>): Promise<void> {
    const { layer, clock } = this.#surroundings;
    const marker = join(this.#path, tidiedMarker(kind));
    const ageMs = clock.now().getTime() - (await modifiedMs(layer, marker));
    if (ageMs >= 0 && ageMs < DAY_MS) return;
    await this.#removeOthers(join(this.#path, kindFolder(kind)), names);
    if (kind === 'index') await this.#removeOthers(join(this.#path, DERIVED_FOLDER), names);
    await this.#touch(marker);
  }

  async #removeOthers(folder: string, names: ReadonlySet<string>): Promise<void> {
    const { layer, clock } = this.#surroundings;
    const before = clock.now().getTime() - DAY_MS;
    for await (const { path, name } of cachedFiles(layer, folder)) {
      if (isHexId(name)) {
        if (!names.has(name)) await this.#removeFile(path);
      } else if (isTemporaryName(name) && (await isOlder(layer, path, before))) {
        await removeQuietly(layer, path);
      }
    }
  }

  #writeTag(): Promise<void> {
    return this.#writeIfNone(join(this.#base, 'CACHEDIR.TAG'), utf8Encode(CACHEDIR_TAG));
  }

  async #touch(path: string): Promise<void> {
    const { layer, clock } = this.#surroundings;
    await this.#writeIfNone(path, new Uint8Array(0));
    await layer.setModified(path, clock.now());
  }

  async #writeIfNone(path: string, bytes: Uint8Array): Promise<void> {
    try {
      await writeNewFile(this.#surroundings.layer, path, {
        bytes,
        place: { location: this.#base, file: path },
        mode: FILE_MODE,
        finalMode: FILE_MODE,
        sync: false,
      });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }

  #filePath({ kind, name }: FileHandle): string {
    assertInternal(kind !== 'config' && isHexId(name), `the cache was asked for ${kind} "${name}"`);
    return join(this.#path, kindFolder(kind), name.slice(0, 2), name);
  }
}

/** What stood there stays until the new one is whole, unless the power fails: it must prove itself. */
export async function replaceCacheFile(
  path: string,
  bytes: Uint8Array,
  { layer, random, base }: Pick<CacheSurroundings, 'layer' | 'random'> & { base: string },
): Promise<void> {
  await makeFolders(layer, dirname(path), FOLDER_MODE);
  const temporary = `${path}-tmp-${toHex(random(8))}`;
  await writeNewFile(layer, temporary, {
    bytes,
    place: { location: base, file: path },
    mode: FILE_MODE,
    finalMode: FILE_MODE,
    sync: false,
  });
  try {
    await layer.rename(temporary, path);
  } catch (error) {
    await removeQuietly(layer, temporary);
    throw error;
  }
}

/** Its time says when a kind was tidied. */
export function tidiedMarker(kind: CachedKind): string {
  return `${kindFolder(kind)}-tidied`;
}

async function modifiedMs(layer: FileLayer, path: string): Promise<number> {
  try {
    return (await layer.stat(path)).modifiedAt.getTime();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return Number.NEGATIVE_INFINITY;
  }
}

async function isOlder(layer: FileLayer, path: string, beforeMs: number): Promise<boolean> {
  try {
    return (await layer.stat(path)).modifiedAt.getTime() < beforeMs;
  } catch {
    return false; // Its writer has finished or given up meanwhile.
  }
}

function isNamedByHash({ name }: FileHandle, bytes: Uint8Array): boolean {
  return createHash('sha256').update(bytes).digest('hex') === name;
}

/** The files two levels below `folder`; what vanishes meanwhile is left out. */
export async function* cachedFiles(
  layer: FileLayer,
  folder: string,
): AsyncGenerator<{ path: string; name: string }> {
  const read = async (prefix: string): Promise<{ path: string; name: string }[]> => {
    const names = await namesIfAny(layer, join(folder, prefix));
    return names.map((name) => ({ path: join(folder, prefix, name), name }));
  };
  const prefixes = await namesIfAny(layer, folder);
  const limits = { limit: FOLDERS_AT_ONCE };
  for await (const files of mapConcurrent(prefixes, read, limits)) yield* files;
}
