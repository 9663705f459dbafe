/**
 * What the old files held when the app was stopped goes into the repository, too: writes that came
 * after the restore point. Read where they lie aside, when the app runs again, so that nobody waits
 * for it; until it is done they are the only copy and stay.
 */
import { describeCause } from '../../base/errors/keepsake-error.ts';
import type { Workbench } from '../workbench.ts';
import type { ChangeJournal, RestorePoint } from './change-journal.ts';
import { makeRestorePoint, type RestorePointJob } from './restore-point.ts';
import { isSameOrBelow } from './swap-roots.ts';

/** The state as it was when the service had stopped. Never throws but when aborted. */
export async function keepOldState(
  workbench: Workbench,
  { roots, part }: Pick<ChangeJournal, 'roots' | 'part'>,
  { backup, signal }: Omit<RestorePointJob, 'part' | 'isFinal'>,
): Promise<RestorePoint> {
  const moved = roots
    .filter(({ onlyIfMissing }) => onlyIfMissing !== true)
    .map(({ path, linkedFrom, old }) => ({ name: linkedFrom ?? path, old }))
    .sort((a, b) => b.name.length - a.name.length);
  const locate = (path: string): string => {
    const root = moved.find(({ name }) => isSameOrBelow(path, name));
    return root === undefined ? path : root.old + path.slice(root.name.length);
  };
  const { subject } = backup;
  // What was not there then is no gap.
  const wanted = { ...subject, optionalPaths: subject.paths, locate };
  try {
    return await makeRestorePoint(workbench, {
      backup: { ...backup, subject: wanted },
      part,
      isFinal: true,
      signal,
    });
  } catch (error) {
    return { kind: 'aside', why: describeCause(error) };
  }
}
