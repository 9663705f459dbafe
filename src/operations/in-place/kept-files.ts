/** Old files that changes moved aside: how long they stay. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fsPath } from '../../base/raw-name.ts';
import type { ChangeJournal } from './change-journal.ts';
import type { ChangeMachine } from './change-machine.ts';
import { tidyPlaces } from './end-change.ts';
import { findKnown } from './known-changes.ts';

/**
 * To be called when a later backup has succeeded: removes the old files whose every byte is in the
 * repository, up to the moment the service had stopped. Others are never removed unasked. Returns
 * the folders.
 */
export async function removeKeptFiles(
  machine: ChangeMachine,
  { app, paths }: { app: string; paths: readonly string[] },
): Promise<string[]> {
  const { kept } = await findKnown(machine, paths);
  const removed: string[] = [];
  for (const journal of kept) {
    if (journal.app.name !== app || !isInRepository(journal)) continue;
    for (const { path } of journal.places) {
      await rm(fsPath(join(path, 'old')), { recursive: true, force: true });
      removed.push(path);
    }
    await tidyPlaces(machine.files, journal);
  }
  return removed;
}

export function isInRepository({ ended, finalPoint }: ChangeJournal): boolean {
  return ended?.as === 'done' && finalPoint?.kind === 'snapshot';
}
