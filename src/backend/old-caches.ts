/** Caches of repositories that nobody has used for long. */
import { join } from 'node:path';
import { isHexId } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { cachedFiles, DERIVED_FOLDER, tidiedMarker } from './cache-folder.ts';
import { nodeFileLayer, type FileLayer } from './file-layer.ts';
import { isTemporaryName, kindFolder } from './layout.ts';
import { systemCode } from './file-errors.ts';

const DAY_MS = 86_400_000;
const KINDS = ['index', 'snapshot', 'pack'] as const;

export interface OldCachesOptions {
  /** As given to `withCache`. */
  readonly folder: string;
  readonly clock: Clock;
  /** 30, as restic. */
  readonly maxAgeDays?: number | undefined;
  readonly fileLayer?: FileLayer | undefined;
}

/**
 * Removes the caches not used for `maxAgeDays` and resolves with their repositories' ids. Only files
 * a cache could have made are removed; a folder that holds anything else stays with it.
 */
export async function removeOldCaches(options: OldCachesOptions): Promise<string[]> {
  const { folder, clock, maxAgeDays = 30, fileLayer: layer = nodeFileLayer } = options;
  const before = clock.now().getTime() - maxAgeDays * DAY_MS;
  const removed: string[] = [];
  for (const name of await existing(layer.readFolder(folder), [])) {
    if (!isHexId(name)) continue;
    const path = join(folder, name);
    const { type, modifiedAt } = await layer.stat(path);
    if (type !== 'folder' || modifiedAt.getTime() >= before) continue;
    for (const kind of KINDS) {
      await empty(layer, join(path, kindFolder(kind)));
      await existing(layer.unlink(join(path, tidiedMarker(kind))), undefined);
    }
    await empty(layer, join(path, DERIVED_FOLDER));
    if (await removeIfEmpty(layer, path)) removed.push(name);
  }
  return removed;
}

async function empty(layer: FileLayer, folder: string): Promise<void> {
  for await (const { path, name } of cachedFiles(layer, folder)) {
    if (isHexId(name) || isTemporaryName(name)) await existing(layer.unlink(path), undefined);
  }
  for (const name of await existing(layer.readFolder(folder), [])) {
    await removeIfEmpty(layer, join(folder, name));
  }
  await removeIfEmpty(layer, folder);
}

async function removeIfEmpty(layer: FileLayer, folder: string): Promise<boolean> {
  try {
    await layer.removeFolder(folder);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(systemCode(error))) return false;
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
}

async function existing<R>(work: Promise<R>, otherwise: R): Promise<R> {
  try {
    return await work;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return otherwise;
    throw error;
  }
}
