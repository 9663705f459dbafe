/** The last words of a change: what is kept, what goes. */
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { FileLayer } from '../../backend/file-layer.ts';
import { describeCause } from '../../base/errors/keepsake-error.ts';
import { kindOf, removeFileIfAny, removeTree } from './change-files.ts';
import { journalPath, type ChangeJournal, type JournalFile } from './change-journal.ts';
import { writeEnded, type RecordAccess } from './change-records.ts';

const PARTS = ['new', 'old', 'stray'];

/** Old files stay where they are; folders of ours that hold nothing go. */
export async function endChange(
  journal: JournalFile,
  as: 'done' | 'undone',
  access: RecordAccess & { readonly clock: Clock; readonly warn: (message: string) => void },
): Promise<void> {
  const at = access.clock.now();
  await journal.update({ ended: { as, at: at.toISOString() } });
  const durationMs = at.getTime() - new Date(journal.value.startedAt).getTime();
  try {
    await writeEnded(access, journal.value, durationMs);
  } catch (error) {
    // The change is over all the same, and its journal says so.
    access.warn(`it could not be noted in the state folder: ${describeCause(error)}`);
  }
  await tidyPlaces(access.files, journal.value);
}

/** Removes what holds no file. */
export async function tidyPlaces(files: FileLayer, journal: ChangeJournal): Promise<void> {
  let isKept = false;
  for (const { path } of journal.places) {
    for (const part of PARTS) {
      const isThere = await holdsFile(files, join(path, part));
      // Empty folders among files are as much a part of the old state as those are.
      if (!isThere) await removeIfEmpty(files, join(path, part));
      isKept ||= isThere;
    }
  }
  if (!isKept) await removePlaces(files, journal);
}

/** With all that is in them. The journal last: until then whoever looks finds it. */
export async function removePlaces(files: FileLayer, journal: ChangeJournal): Promise<void> {
  const [first, ...others] = journal.places;
  for (const { path } of others) await removeTree(path);
  if (first === undefined) return;
  await removeFileIfAny(files, journalPath(journal));
  await removeTree(first.path);
}

/** Or anything else that is no folder. */
export async function holdsFile(files: FileLayer, path: string): Promise<boolean> {
  const kind = await kindOf(files, path);
  if (kind !== 'folder') return kind !== undefined;
  for (const name of await files.readFolder(path)) {
    if (await holdsFile(files, join(path, name))) return true;
  }
  return false;
}

/** `true` when it and all below it were folders without anything else in them. */
export async function removeIfEmpty(files: FileLayer, folder: string): Promise<boolean> {
  if ((await kindOf(files, folder)) !== 'folder') return false;
  let isEmpty = true;
  for (const name of await files.readFolder(folder)) {
    if (!(await removeIfEmpty(files, join(folder, name)))) isEmpty = false;
  }
  if (isEmpty) await files.removeFolder(folder);
  return isEmpty;
}
