/**
 * What the databases of an archive are worth. Bytes that lie in an archive were copied without
 * SQLite, perhaps beside a running app: only SQLite can tell whether they are one state.
 */
import type { Clock } from '../../base/clock.ts';
import { describeCause, isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import { captureImage } from '../../sqlite/capture.ts';
import { openGate, type Gate } from '../../sqlite/gate.ts';
import { checkImage } from '../../sqlite/inspect.ts';
import { countRows } from '../judge-database.ts';
import type { ImportedDatabase } from './import-input.ts';
import type { DatabaseMember } from './member-table.ts';

export interface JudgeCopiesOptions {
  /** Where a database will stand in the snapshot. */
  readonly placeOf: (key: string) => string;
  readonly isConfigured: (path: string) => boolean;
  readonly scratchFolder: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** A database of the archive, laid out in scratch with what belongs to it. */
export interface LaidOutDatabase extends DatabaseMember {
  readonly copyPath: string;
}

/** As SQLite would open them: with their WAL, or after their hot journal is rolled back. */
export async function judgeCopies(
  databases: readonly LaidOutDatabase[],
  options: JudgeCopiesOptions,
): Promise<Map<string, ImportedDatabase>> {
  const judged = new Map<string, ImportedDatabase>();
  if (databases.length === 0) return judged;
  await using gate = openGate();
  for (const database of databases) {
    judged.set(database.key, await judge(database, { ...options, gate }));
  }
  return judged;
}

async function judge(
  { key, copyPath }: LaidOutDatabase,
  { placeOf, isConfigured, ...options }: JudgeCopiesOptions & { gate: Gate },
): Promise<ImportedDatabase> {
  const path = placeOf(key);
  const { gate, signal } = options;
  try {
    const about = { ...options, path: copyPath, configured: isConfigured(path) };
    await using image = await captureImage(about);
    const rowCount = countRows(image.contents);
    const how = { path, fullIntegrity: true, gate, signal };
    const { integrity, foreignKeyViolations } = await checkImage(image.imagePath, how);
    if (integrity.result !== 'ok') {
      return { path, verdict: 'torn', rowCount, reason: integrity.problems[0] ?? 'damaged' };
    }
    if (foreignKeyViolations === 0) return { path, verdict: 'sound', rowCount };
    const reason = `${foreignKeyViolations} foreign keys point nowhere`;
    return { path, verdict: 'broken-references', rowCount, reason };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isKeepsakeError(error) || !error.code.startsWith('DATABASE_')) throw error;
    return { path, verdict: 'torn', rowCount: 0, reason: describeCause(error) };
  }
}
