/** Which databases a restore brings, where they come to lie, and whether that is safe. */
import { joinPath } from '../base/raw-path.ts';
import { lstat } from 'node:fs/promises';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';
import { createPathFilter } from '../snapshot/include-filter.ts';
import { loadManifest } from '../snapshot/load-manifest.ts';
import { sidecarsOf } from '../sqlite/database-file.ts';
import type { OpenSnapshot } from './open-snapshot.ts';
import { isSnapshotDamage } from './snapshot-damage.ts';
import type { RestoredDatabase, RestoreInput } from './restore-input.ts';

/**
 * Those the manifest names, as far as they are selected; none without a manifest. One that cannot be
 * read, which is told, keeps nobody from copying out what is whole.
 */
export async function plannedDatabases(
  { repository, snapshot, subfolder }: OpenSnapshot,
  input: Pick<RestoreInput, 'target' | 'include' | 'exclude' | 'signal'>,
  onDamage: (error: KeepsakeError) => void,
): Promise<RestoredDatabase[]> {
  const manifest = await unlessDamaged(
    loadManifest(repository, snapshot.tree, { signal: input.signal }),
    onDamage,
  );
  const filter = createPathFilter(input);
  const planned: RestoredDatabase[] = [];
  for (const database of manifest?.databases ?? []) {
    const path = pathBelow(subfolder, database.path);
    if (path === undefined || !filter(path).selected) continue;
    planned.push({ path, at: joinPath(input.target, path.slice(1)), manifest: database });
  }
  return planned;
}

async function unlessDamaged<T>(
  work: Promise<T>,
  onDamage: (error: KeepsakeError) => void,
): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!isSnapshotDamage(error)) throw error;
    onDamage(error);
    return undefined;
  }
}

function pathBelow(folder: string, path: string): string | undefined {
  const whole = folder.replace(/\/+$/, '');
  return path.startsWith(`${whole}/`) ? path.slice(whole.length) : undefined;
}

/**
 * An old `-wal` beside a restored database undoes the restore, and an app that has the database
 * open would go on with the file that was replaced. Throws `RESTORE_OVER_DATABASE`.
 */
export async function assertNoSidecars(
  { at }: RestoredDatabase,
  { overwrite }: Pick<RestoreInput, 'overwrite'>,
): Promise<void> {
  if (overwrite === 'never' && (await isThere(at))) return;
  const sidecar = await findSidecar(at);
  if (sidecar !== undefined)
    throw new KeepsakeError('RESTORE_OVER_DATABASE', { path: at, sidecar });
}

/** A file that SQLite would take for a part of the one at `path`. */
export async function findSidecar(path: string): Promise<string | undefined> {
  for (const sidecar of sidecarsOf(path)) {
    if (await isThere(sidecar)) return sidecar;
  }
  return undefined;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(fsPath(path));
    return true;
  } catch {
    return false;
  }
}
