import { systemCode } from './file-errors.ts';
import type { FileLayer } from './file-layer.ts';

/**
 * Of the 256 folders of a repository or its cache: one after the other each waits for a thread to
 * wake, 20 ms in all where together they take 2.
 */
export const FOLDERS_AT_ONCE = 32;

/** None where no such folder is. */
export async function namesIfAny(layer: FileLayer, folder: string): Promise<string[]> {
  try {
    return await layer.readFolder(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return [];
    throw error;
  }
}
