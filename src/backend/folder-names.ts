import { systemCode } from './file-errors.ts';
import type { FileLayer } from './file-layer.ts';

/** None where no such folder is. */
export async function namesIfAny(layer: FileLayer, folder: string): Promise<string[]> {
  try {
    return await layer.readFolder(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return [];
    throw error;
  }
}
