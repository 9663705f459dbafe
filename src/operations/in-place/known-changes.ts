/** Changes that are not finished, and those that ended and whose old files are still kept. */
import { join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import { kindOf } from './change-files.ts';
import {
  journalPath,
  journalsBeside,
  loadJournal,
  pointedJournals,
  type ChangeJournal,
} from './change-journal.ts';

export interface ChangeSearch {
  readonly files: FileLayer;
  readonly stateFolder: string;
  /** Where a journal may stand although the state folder knows of none. */
  readonly folders: Iterable<string>;
}

export interface KnownChanges {
  readonly unfinished: readonly ChangeJournal[];
  /** With old files still aside, newest first. */
  readonly kept: readonly ChangeJournal[];
}

/** Throws `CHANGE_JOURNAL_INVALID`. */
export async function findChanges({
  files,
  stateFolder,
  folders,
}: ChangeSearch): Promise<KnownChanges> {
  const paths = new Set([
    ...(await pointedJournals(files, stateFolder)),
    ...(await journalsBeside(files, folders)),
  ]);
  const journals: ChangeJournal[] = [];
  for (const path of paths) {
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

function endOf({ ended }: ChangeJournal): string {
  return ended?.at ?? '';
}

/** Whether anything of the old state still lies there. */
export async function hasOldFiles(
  files: FileLayer,
  { places }: Pick<ChangeJournal, 'places'>,
): Promise<boolean> {
  for (const { path } of places) {
    if ((await kindOf(files, join(path, 'old'))) !== undefined) return true;
  }
  return false;
}
