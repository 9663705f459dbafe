/** The first words of a change: from here on whoever looks finds it. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeCause, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import type { ChangeMachine } from './change-machine.ts';
import { writePointer } from './change-records.ts';
import { JournalFile, type ChangeJournal } from './change-journal.ts';
import { removePlaces } from './end-change.ts';
import type { SwapRoot } from './swap-units.ts';

/** Throws `CHANGE_PLACE_UNUSABLE`; nothing is left behind then. */
export async function beginChange(
  machine: ChangeMachine,
  fields: ChangeJournal,
): Promise<JournalFile> {
  const journal = new JournalFile(fields, machine);
  for (const root of fields.roots) await assertMovable(root);
  try {
    await journal.save();
    await writePointer(machine, fields);
  } catch (cause) {
    // Where nothing can be written nothing can be removed, either: what is there is empty.
    await removePlaces(machine.files, fields).catch(() => {});
    throw unusable(
      fields.places.map(({ path }) => dirname(path)),
      cause,
    );
  }
  return journal;
}

/** Told now, because the app would have been stopped in vain. */
async function assertMovable({ at, place, isMount }: SwapRoot): Promise<void> {
  const folder = await nearest(isMount ? at : dirname(at));
  const beside = await nearest(dirname(place));
  try {
    await access(fsPath(folder), constants.W_OK | constants.X_OK);
    const [here, there] = await Promise.all([stat(fsPath(folder)), stat(fsPath(beside))]);
    // A subvolume of btrfs is one without being mounted.
    if (here.dev !== there.dev) throw new Error(`${beside} is on another file system`);
  } catch (cause) {
    throw unusable([folder], cause);
  }
}

/** The folder itself, or the first above it that is there. */
async function nearest(folder: string): Promise<string> {
  try {
    await stat(fsPath(folder));
    return folder;
  } catch {
    const parent = dirname(folder);
    return parent === folder ? folder : nearest(parent);
  }
}

function unusable(folders: readonly string[], cause: unknown): KeepsakeError {
  const details = { folders: [...new Set(folders)], why: describeCause(cause) };
  return new KeepsakeError('CHANGE_PLACE_UNUSABLE', details, { cause });
}
