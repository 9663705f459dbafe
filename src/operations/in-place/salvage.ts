/** Old databases that could not be read whole: rows that no backup has may still be found in them. */
import { statSync } from 'node:fs';
import { fsPath } from '../../base/raw-name.ts';
import { isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { BackupResult } from '../backup-input.ts';
import type { ChangeJournal } from './change-journal.ts';
import { isSameOrBelow } from './swap-roots.ts';

/** Of the captured state and of what could not be captured; a lock or a full disk is no damage. */
export function damagedDatabases({
  manifest,
  problems,
}: Pick<BackupResult, 'manifest' | 'problems'>): string[] {
  const captured = manifest.databases
    .filter(({ integrity }) => integrity.result === 'damaged')
    .map(({ path }) => path);
  const uncaptured = problems
    .filter(({ error }) =>
      isKeepsakeError(error, 'DATABASE_DAMAGED', 'DATABASE_NOT_SQLITE', 'DATABASE_UNREADABLE'),
    )
    .map(({ path }) => path);
  return [...new Set([...captured, ...uncaptured])];
}

/** The copies of them that lie aside and hold anything. */
export function salvageableCopies({ restorePoint, roots, ended }: ChangeJournal): string[] {
  if (ended?.as !== 'done') return [];
  return (restorePoint?.damaged ?? [])
    .flatMap((path) => {
      const root = roots.find(
        (each) => each.onlyIfMissing !== true && isSameOrBelow(path, each.path),
      );
      return root === undefined ? [] : [root.old + path.slice(root.path.length)];
    })
    .filter((path) => (statSync(fsPath(path), { throwIfNoEntry: false })?.size ?? 0) > 0);
}
