/** Temporary files of saves that were cut off: a crash between creating one and naming it. */
import { join } from 'node:path';
import { mapConcurrent } from '../base/concurrency.ts';
import { systemCode } from './file-errors.ts';
import { FOLDERS_AT_ONCE } from './folder-names.ts';
import { isTemporaryName, kindFolder, layoutFolders } from './layout.ts';
import type { LocalPlace } from './local-list.ts';

export interface LeftoverOptions {
  readonly before: Date;
  /** Those among the packs, if somebody has listed them. */
  readonly known: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Removes those last written before `before`. They are known by the name only Keepsake gives; a
 * younger one may belong to a save under way on another machine.
 */
export async function removeLocalLeftovers(
  place: LocalPlace,
  { before, known, signal }: LeftoverOptions,
): Promise<number> {
  let count = 0;
  const packs = `${kindFolder('pack')}/`;
  const unread = layoutFolders().filter(
    (folder) => known === undefined || !folder.startsWith(packs),
  );
  const find = (folder: string): Promise<string[]> => temporaryFiles(place, folder);
  const limits = { limit: FOLDERS_AT_ONCE, signal };
  const found = await Array.fromAsync(mapConcurrent(['', ...unread], find, limits));
  for (const file of [...found.flat(), ...(known ?? [])]) {
    signal?.throwIfAborted();
    if (await removeIfOlder(place, file, before)) count += 1;
  }
  return count;
}

async function temporaryFiles({ layer, location }: LocalPlace, folder: string): Promise<string[]> {
  try {
    const names = await layer.readFolder(join(location, folder));
    return names.filter(isTemporaryName).map((name) => join(folder, name));
  } catch (error) {
    if (folder !== '' && systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function removeIfOlder(
  { layer, location }: LocalPlace,
  file: string,
  before: Date,
): Promise<boolean> {
  const path = join(location, file);
  try {
    const { type, modifiedAt } = await layer.stat(path);
    if (type !== 'file' || modifiedAt.getTime() >= before.getTime()) return false;
    await layer.unlink(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false; // Its save has just ended.
    throw error;
  }
}
