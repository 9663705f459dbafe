/** The folders of a repository on a disk: made durably, and told apart when they are missing. */
import { dirname, join } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { systemCode } from './file-errors.ts';
import type { FileLayer } from './file-layer.ts';
import { whereSupported } from './whole-file.ts';

/** Modes as restic: private, or shared with the group if `config` is readable by it. */
export interface Modes {
  readonly folder: number;
  readonly file: number;
}

const PRIVATE: Modes = { folder: 0o700, file: 0o600 };
const GROUP: Modes = { folder: 0o770, file: 0o660 };

/** Source: restic internal/backend/util/paths.go, `DeriveModesFromFileInfo` @ a80be14. */
export async function deriveModes(layer: FileLayer, configPath: string): Promise<Modes> {
  try {
    return ((await layer.stat(configPath)).mode & 0o040) === 0 ? PRIVATE : GROUP;
  } catch {
    return PRIVATE; // No config yet, or none that may be read: the first real call will say so.
  }
}

export async function folderExists(layer: FileLayer, path: string): Promise<boolean> {
  try {
    return (await layer.stat(path)).type === 'folder';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return false;
    throw error;
  }
}

/**
 * Makes a folder and whichever of its parents are missing; the names it made are synced when it
 * resolves. Others may make the same folders meanwhile.
 */
export async function makeFolders(layer: FileLayer, path: string, mode: number): Promise<void> {
  try {
    await makeFolder(layer, path, mode);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolders(layer, dirname(path), mode);
    await makeFolder(layer, path, mode);
  }
}

/** One that stands already is as good. */
async function makeFolder(layer: FileLayer, path: string, mode: number): Promise<void> {
  try {
    await layer.makeFolder(path, mode);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return await assertFolder(layer, path);
  }
  await whereSupported(layer.syncFolder(dirname(path)));
}

async function assertFolder(layer: FileLayer, path: string): Promise<void> {
  if ((await layer.stat(path)).type === 'folder') return;
  throw new KeepsakeError('BACKEND_NOT_A_FOLDER', { location: path, path });
}

/**
 * The folders below a repository's own. Each is made when first needed, and its name synced even if
 * it stood there before: whoever made it may not have come that far. The repository's own folder is
 * never made here, because a disk that is not mounted must not get a repository beneath it.
 */
export class FolderKeeper {
  readonly #layer: FileLayer;
  readonly #root: string;
  readonly #ready = new Map<string, Promise<void>>();

  constructor(layer: FileLayer, root: string) {
    this.#layer = layer;
    this.#root = root;
  }

  /** Makes sure of `folder`, relative to the root. */
  async ensure(folder: string, mode: number): Promise<void> {
    if (folder === '') return;
    let ready = this.#ready.get(folder);
    if (ready === undefined) {
      ready = this.#make(folder, mode);
      this.#ready.set(folder, ready);
    }
    try {
      await ready;
    } catch (error) {
      this.#ready.delete(folder);
      throw error;
    }
  }

  /** All of them, parents first; returns when every name is synced. */
  async makeAll(
    folders: readonly string[],
    mode: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const parents = new Set<string>();
    for (const folder of folders) {
      signal?.throwIfAborted();
      await this.#makeOne(folder, mode);
      parents.add(parentOf(folder));
    }
    for (const parent of parents) await this.#sync(parent);
    for (const folder of folders) this.#ready.set(folder, Promise.resolve());
  }

  rootExists(): Promise<boolean> {
    return folderExists(this.#layer, this.#root);
  }

  async #make(folder: string, mode: number): Promise<void> {
    const parent = parentOf(folder);
    await this.ensure(parent, mode);
    await this.#makeOne(folder, mode);
    await this.#sync(parent);
  }

  async #makeOne(folder: string, mode: number): Promise<void> {
    const path = join(this.#root, folder);
    try {
      await this.#layer.makeFolder(path, mode);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      await assertFolder(this.#layer, path);
    }
  }

  async #sync(folder: string): Promise<void> {
    await whereSupported(this.#layer.syncFolder(join(this.#root, folder)));
  }
}

function parentOf(folder: string): string {
  return folder.includes('/') ? dirname(folder) : '';
}
