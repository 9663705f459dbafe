/** Lists the files of a local repository: only what has a name and a place of our layout. */
import { join } from 'node:path';
import { isHexId } from '../base/bytes.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { FileKind, ListedFile } from './backend.ts';
import { systemCode } from './file-errors.ts';
import { FOLDERS_AT_ONCE } from './folder-names.ts';
import type { FileLayer } from './file-layer.ts';
import { isTemporaryName, kindFolder } from './layout.ts';
import { folderExists } from './local-folders.ts';

const STATS_AT_ONCE = 64;
const PACK_FOLDER = /^[0-9a-f]{2}$/;

export interface LocalPlace {
  readonly layer: FileLayer;
  /** The repository's folder. */
  readonly location: string;
}

export interface ListOptions {
  readonly signal: AbortSignal | undefined;
  /** Whether the packs lie on a disk of this machine. */
  readonly isOnThisMachine?: boolean | undefined;
  /** Told of files that a save gave for a time, which are not listed. */
  readonly onTemporary?: ((file: string) => void) | undefined;
}

/**
 * A missing folder is an error, because "no snapshots" would let a prune remove everything. Two may
 * be missing, as copying tools leave empty folders out: `locks`, and those below `data`.
 */
export async function* listLocal(
  place: LocalPlace,
  kind: FileKind,
  options: ListOptions,
): AsyncGenerator<ListedFile> {
  if (kind === 'config') {
    await assertRoot(place);
    for (const { sizeBytes } of await statAll(place, '', ['config'])) yield { name: '', sizeBytes };
    return;
  }
  const { signal } = options;
  const top = kindFolder(kind);
  const names = await readTop(place, top);
  if (kind !== 'pack') {
    yield* listFolder(place, { folder: top, names, signal });
    return;
  }
  const prefixes = names.filter((name) => PACK_FOLDER.test(name)).sort();
  const list = (prefix: string): Promise<ListedFile[]> => listPacks(place, prefix, options);
  const limits = { limit: FOLDERS_AT_ONCE, signal };
  for await (const packs of mapConcurrent(prefixes, list, limits)) yield* packs;
}

async function listPacks(
  place: LocalPlace,
  prefix: string,
  { signal, isOnThisMachine = false, onTemporary }: ListOptions,
): Promise<ListedFile[]> {
  const folder = `${kindFolder('pack')}/${prefix}`;
  const inside = await readPackFolder(place, folder, isOnThisMachine);
  for (const name of inside) if (isTemporaryName(name)) onTemporary?.(join(folder, name));
  // Elsewhere it would be found by nobody: a load looks only where the name says.
  const names = inside.filter((name) => name.startsWith(prefix));
  return Array.fromAsync(listFolder(place, { folder, names, signal }));
}

async function* listFolder(
  place: LocalPlace,
  { folder, names, signal }: { folder: string; names: string[]; signal: AbortSignal | undefined },
): AsyncGenerator<ListedFile> {
  const wanted = names.filter((name) => isHexId(name));
  for (let at = 0; at < wanted.length; at += STATS_AT_ONCE) {
    signal?.throwIfAborted();
    yield* await statAll(place, folder, wanted.slice(at, at + STATS_AT_ONCE));
  }
}

/** Without those that were removed since their names were read. */
async function statAll(place: LocalPlace, folder: string, names: string[]): Promise<ListedFile[]> {
  const files = await Promise.all(
    names.map(async (name) => {
      try {
        const { type, sizeBytes } = await place.layer.stat(join(place.location, folder, name));
        return type === 'file' ? [{ name, sizeBytes }] : [];
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return [];
        throw error;
      }
    }),
  );
  return files.flat();
}

async function readTop(place: LocalPlace, folder: string): Promise<string[]> {
  try {
    return await place.layer.readFolder(join(place.location, folder));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await assertRoot(place);
    if (folder === kindFolder('lock')) return [];
    const { location } = place;
    throw new KeepsakeError('BACKEND_FOLDER_MISSING', { location, folder }, { cause: error });
  }
}

async function readPackFolder(
  { layer, location }: LocalPlace,
  folder: string,
  isOnThisMachine: boolean,
): Promise<string[]> {
  const path = join(location, folder);
  try {
    if (isOnThisMachine && layer.readFolderNow !== undefined) return layer.readFolderNow(path);
    return await layer.readFolder(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return [];
    throw error;
  }
}

async function assertRoot({ layer, location }: LocalPlace): Promise<void> {
  if (!(await folderExists(layer, location))) {
    throw new KeepsakeError('BACKEND_LOCATION_MISSING', { location });
  }
}
