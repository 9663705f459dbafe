/** Old files that changes moved aside: how long they stay. */
import { join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import { isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { Workbench } from '../workbench.ts';
import { kindOf, removeTree } from './change-files.ts';
import type { ChangeJournal } from './change-journal.ts';
import { lockChanges } from './change-lock.ts';
import type { ChangeMachine } from './change-machine.ts';
import { tidyPlaces } from './end-change.ts';
import { findKnown, GIVEN_UP } from './known-changes.ts';

/** Code is in no repository: its copies are the only way back from an update. */
const CODE_KEPT_MS = 7 * 24 * 3_600_000;

/**
 * To be called when a later backup has succeeded: removes the old files whose every byte is in the
 * repository, up to the moment the service had stopped. Others are never removed unasked, and none
 * while a change is under way or waits to be finished: it may be the one that brings them back.
 * Returns the folders.
 */
export async function removeKeptFiles(
  { clock, self }: Pick<Workbench, 'clock' | 'self'>,
  machine: ChangeMachine,
  about: { app: string; paths: readonly string[] },
): Promise<string[]> {
  const { stateFolder } = machine;
  try {
    await using _lock = await lockChanges({ stateFolder, self, clock, command: 'backup' });
    return await removeAll(machine, { ...about, now: clock.now() });
  } catch (error) {
    if (isKeepsakeError(error, 'CHANGE_UNDER_WAY')) return [];
    throw error;
  }
}

async function removeAll(
  machine: ChangeMachine,
  { app, paths, now }: { app: string; paths: readonly string[]; now: Date },
): Promise<string[]> {
  const { kept, unfinished } = await findKnown(machine, paths);
  const removed: string[] = [];
  if (unfinished.some((journal) => journal.app.name === app)) return removed;
  for (const journal of kept) {
    if (journal.app.name !== app || !isRemovable(journal, { kept, now })) continue;
    await giveUpOldFiles(machine.files, journal);
    removed.push(...journal.places.map(({ path }) => path));
    await tidyPlaces(machine.files, journal);
  }
  return removed;
}

/**
 * First they lose their name, all of them: cut off halfway, what is left must not be taken for the old
 * state by a rollback, which then comes from the repository.
 */
async function giveUpOldFiles(files: FileLayer, { places }: ChangeJournal): Promise<void> {
  for (const { path } of places) {
    if ((await kindOf(files, join(path, 'old'))) === undefined) continue;
    await files.rename(join(path, 'old'), join(path, GIVEN_UP));
    await files.syncFolder(path);
  }
  for (const { path } of places) await removeTree(join(path, GIVEN_UP));
}

interface Others {
  readonly kept: readonly ChangeJournal[];
  readonly now: Date;
}

/** By the next full backup. */
export function isRemovable(journal: ChangeJournal, others: Others): boolean {
  return isInRepository(journal) && keptForCode(journal, others) === undefined;
}

export function isInRepository({ ended, finalPoint }: ChangeJournal): boolean {
  return ended?.as === 'done' && finalPoint?.kind === 'snapshot';
}

/** Until when, where its copies hold code and no later change of the app has ended well. */
export function keptForCode(
  { app, ended, whole }: ChangeJournal,
  { kept, now }: Others,
): string | undefined {
  if (whole === undefined || ended?.as !== 'done') return undefined;
  const isOld = kept.some(
    (other) =>
      other.app.name === app.name && other.ended?.as === 'done' && other.ended.at > ended.at,
  );
  const until = new Date(Date.parse(ended.at) + CODE_KEPT_MS).toISOString();
  return isOld || now.toISOString() >= until ? undefined : until;
}
