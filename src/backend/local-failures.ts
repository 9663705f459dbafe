/** Failed calls on a local repository, explained by what stands in the way. */
import { dirname, join } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { classifySystemError, systemCode } from './file-errors.ts';
import type { FileLayer } from './file-layer.ts';
import type { LocalPlace } from './local-list.ts';
import { folderExists } from './local-folders.ts';

/** Runs `work` on `file` (relative to the location) and throws its failure in the backend's terms. */
export async function explainFailures<R>(
  place: LocalPlace,
  file: string,
  work: () => Promise<R>,
): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw await explain(place, file, error);
  }
}

async function explain(place: LocalPlace, file: string, error: unknown): Promise<unknown> {
  const { layer, location } = place;
  const code = systemCode(error);
  if (code === 'ENOENT' && !(await isFolder(layer, location))) {
    return new KeepsakeError('BACKEND_LOCATION_MISSING', { location }, { cause: error });
  }
  if (code === 'ENOTDIR') {
    const path = await firstNonFolder(layer, dirname(join(location, file)));
    return new KeepsakeError('BACKEND_NOT_A_FOLDER', { location, path }, { cause: error });
  }
  return classifySystemError(error, { location, file });
}

/** Of a path and its parents the topmost that exists and is no folder. */
async function firstNonFolder(layer: FileLayer, path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === path || (await isFolder(layer, parent))) return path;
  return firstNonFolder(layer, parent);
}

async function isFolder(layer: FileLayer, path: string): Promise<boolean> {
  try {
    return await folderExists(layer, path);
  } catch {
    return true; // It cannot be looked at: the first error says more than this one.
  }
}
