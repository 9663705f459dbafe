/** Paths that a person named and that are only links: what they lead to is not in the backup. */
import { lstatSync, realpathSync } from 'node:fs';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import type { ArchiveProblem } from '../snapshot/archive-options.ts';
import type { BackupSubject } from './backup-input.ts';

/**
 * As restic does, a named link is stored as a link. One beside other paths is worth a warning; a
 * backup of nothing but links is not what anybody wanted. The links of an app are followed.
 */
export function findUnfollowedLinks({ app, paths }: BackupSubject): ArchiveProblem[] {
  if (app !== undefined) return [];
  const links = paths.flatMap((path) => {
    const leadsTo = targetOf(path);
    return leadsTo === undefined || isCovered(leadsTo, paths) ? [] : [{ path, leadsTo }];
  });
  const kind = links.length === paths.length ? 'file' : 'link';
  return links.map(({ path, leadsTo }) => {
    const error = new KeepsakeError('SOURCE_LINK_NOT_FOLLOWED', { path, leadsTo });
    return { path, error, kind };
  });
}

/** Absent for what is no link, or leads nowhere. */
function targetOf(path: string): string | undefined {
  try {
    if (!lstatSync(fsPath(path)).isSymbolicLink()) return undefined;
    return decodeRawName(realpathSync(fsPath(path), { encoding: 'buffer' }));
  } catch {
    return undefined; // What is not there, the walk reports.
  }
}

function isCovered(path: string, paths: readonly string[]): boolean {
  return paths.some(
    (other) => path === other || path.startsWith(other === '/' ? '/' : `${other}/`),
  );
}
