/** Changes that are not finished, and those that ended and whose old files are still kept. */
import { join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { kindOf } from './change-files.ts';
import {
  isResumable,
  journalPath,
  journalsBeside,
  loadJournal,
  type ChangeJournal,
} from './change-journal.ts';
import type { ChangeMachine } from './change-machine.ts';
import { pointedJournals } from './change-records.ts';
import { placeFolders } from './swap-roots.ts';

export interface KnownChanges {
  readonly unfinished: readonly ChangeJournal[];
  /** Ended, with files of theirs still aside; newest first. */
  readonly kept: readonly ChangeJournal[];
}

type Looking = Pick<ChangeMachine, 'files' | 'stateFolder' | 'mountPoints'>;

/**
 * `paths`: of the apps, as far as the config tells; beside them journals stand, also when the state
 * folder is lost. Throws `CHANGE_JOURNAL_INVALID`.
 */
export async function findKnown(machine: Looking, paths: readonly string[]): Promise<KnownChanges> {
  const { files } = machine;
  const found = new Set([
    ...(await pointedJournals(machine)),
    ...(await journalsBeside(files, placeFolders(paths, machine.mountPoints()))),
  ]);
  const journals: ChangeJournal[] = [];
  for (const path of found) {
    const journal = await loadJournal(files, path);
    if (journal !== undefined && journalPath(journal) === path) journals.push(journal);
  }
  return {
    unfinished: journals.filter(({ ended }) => ended === undefined),
    kept: journals
      .filter(({ ended }) => ended !== undefined)
      .sort((a, b) => endOf(b).localeCompare(endOf(a))),
  };
}

/** Beside each of these a change of the app may have its places. */
export function pathsOf({
  root,
  paths,
  code,
}: Pick<ResolvedApp, 'root' | 'paths' | 'code'>): string[] {
  return [root, ...paths, ...(code === undefined ? [] : [code.folder])];
}

function endOf({ ended }: ChangeJournal): string {
  return ended?.at ?? '';
}

/** Throws `CHANGE_UNFINISHED`. `app`: only of this one. */
export async function assertNothingUnfinished(
  machine: Looking,
  { paths, app }: { paths: readonly string[]; app?: string },
): Promise<void> {
  const { unfinished } = await findKnown(machine, paths);
  const first = unfinished.find((journal) => app === undefined || journal.app.name === app);
  if (first === undefined) return;
  const { kind, startedAt } = first;
  throw new KeepsakeError('CHANGE_UNFINISHED', {
    app: first.app.name,
    what: kind,
    startedAt,
    isResumable: isResumable(first),
  });
}

/** What `old` is named while it is removed. */
export const GIVEN_UP = 'given-up';

/** Whether the old state still lies there; not when its removal has begun, in any of the places. */
export async function hasOldFiles(
  files: FileLayer,
  { places }: Pick<ChangeJournal, 'places'>,
): Promise<boolean> {
  const isIn = async (name: string): Promise<boolean> => {
    for (const { path } of places) {
      if ((await kindOf(files, join(path, name))) !== undefined) return true;
    }
    return false;
  };
  return (await isIn('old')) && !(await isIn(GIVEN_UP));
}
