/** How many rows a restore brings or takes away, and which migrations: a capture against a manifest. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeCause, isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { compareTables } from '../../snapshot/manifest-changes.ts';
import type { ManifestDatabase } from '../../snapshot/manifest.ts';
import { captureImage } from '../../sqlite/capture.ts';
import type { DatabaseContents } from '../../sqlite/database-facts.ts';
import { withScratchFolder } from '../scratch-folder.ts';
import type { Workbench } from '../workbench.ts';
import type { PlannedTable } from './in-place-input.ts';

export interface LiveContents {
  readonly contents: DatabaseContents | undefined;
  /** Why there are none. */
  readonly why?: string;
}

/** The app goes on meanwhile. What cannot be captured is no failure: it may be why we restore. */
export async function readLiveContents(
  workbench: Workbench,
  path: string,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<LiveContents> {
  const { clock } = workbench;
  try {
    await using scratch = await withScratchFolder(workbench);
    const options = { path, scratchFolder: scratch.path, configured: true, clock, signal };
    await using image = await captureImage(options);
    return { contents: image.contents };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isKeepsakeError(error)) throw error;
    return { contents: undefined, why: describeCause(error) };
  }
}

/** Tables whose number of rows changes. */
export function compareRows(
  then: ManifestDatabase,
  now: Pick<DatabaseContents, 'tables'>,
): PlannedTable[] {
  return compareTables(now.tables, then.tables).map(({ table, before, after }) => ({
    database: then.path,
    table,
    rowsNow: before,
    rowsThen: after,
  }));
}

/** The newest migration that the installed code brings; Prisma names them by their time. */
export function newestMigrationOf({ code, workingDirectory, root }: ResolvedApp) {
  for (const folder of [code?.folder, workingDirectory, root]) {
    if (folder === undefined) continue;
    const newest = migrationsIn(join(folder, 'prisma', 'migrations')).at(-1);
    if (newest !== undefined) return newest;
  }
  return undefined;
}

function migrationsIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return []; // an app without Prisma, or without its code here
  }
}
