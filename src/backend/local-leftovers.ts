/** Temporary files of saves that were cut off: a crash between creating one and naming it. */
import { join } from 'node:path';
import { systemCode } from './file-errors.ts';
import { isTemporaryName, layoutFolders } from './layout.ts';
import type { LocalPlace } from './local-list.ts';

/**
 * Removes those last written before `before`. They are known by the name only Keepsake gives; a
 * younger one may belong to a save under way on another machine.
 */
export async function removeLocalLeftovers(
  place: LocalPlace,
  before: Date,
  signal: AbortSignal | undefined,
): Promise<number> {
  let count = 0;
  for (const folder of ['', ...layoutFolders()]) {
    for (const name of await temporaryNames(place, folder)) {
      signal?.throwIfAborted();
      if (await removeIfOlder(place, join(folder, name), before)) count += 1;
    }
  }
  return count;
}

async function temporaryNames({ layer, location }: LocalPlace, folder: string): Promise<string[]> {
  try {
    return (await layer.readFolder(join(location, folder))).filter(isTemporaryName);
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
