/** `status`: what stands. */
import type { ServiceState } from '../host/service.ts';
import type { ChangeJournal } from './in-place/change-journal.ts';
import type { ChangeMachine } from './in-place/change-machine.ts';
import { endedChanges, type EndedChange } from './in-place/change-records.ts';
import { isInRepository, isRemovable, keptForCode } from './in-place/kept-files.ts';
import { findKnown } from './in-place/known-changes.ts';
import { salvageableCopies } from './in-place/salvage.ts';

export interface UnfinishedChange {
  readonly journal: ChangeJournal;
  readonly service: { readonly description: string; readonly state: ServiceState } | undefined;
}

/** Old files that a change keeps aside. */
export interface KeptFiles {
  readonly journal: ChangeJournal;
  /** The next full backup removes them. */
  readonly removedByBackup: boolean;
  /** Until then no backup removes them, because they hold code. */
  readonly keptUntil?: string | undefined;
  /** Databases among them that could not be read whole. */
  readonly salvageable: readonly string[];
}

export interface StatusReport {
  readonly unfinished: readonly UnfinishedChange[];
  readonly kept: readonly KeptFiles[];
  readonly lastChange: EndedChange | undefined;
}

export interface StatusInput {
  /** Of the apps, as far as the config tells. */
  readonly paths: readonly string[];
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
}

/** Needs no repository and no password. */
export async function readStatus(
  machine: ChangeMachine,
  { paths, now, signal }: StatusInput,
): Promise<StatusReport> {
  const { unfinished, kept } = await findKnown(machine, paths);
  const [lastChange] = await endedChanges(machine);
  return {
    unfinished: await Promise.all(
      unfinished.map(async (journal) => ({
        journal,
        service: await serviceOf(machine, journal, signal),
      })),
    ),
    kept: kept.map((journal) => ({
      journal,
      removedByBackup: isRemovable(journal, { kept, now }),
      keptUntil: isInRepository(journal) ? keptForCode(journal, { kept, now }) : undefined,
      salvageable: salvageableCopies(journal),
    })),
    lastChange,
  };
}

/** A status that cannot ask the service says so, and goes on. */
async function serviceOf(
  machine: ChangeMachine,
  { app }: ChangeJournal,
  signal: AbortSignal | undefined,
): Promise<UnfinishedChange['service']> {
  const control = machine.openService(app);
  if (control === undefined) return undefined;
  const { description } = control;
  try {
    return { description, state: await control.state({ signal }) };
  } catch {
    signal?.throwIfAborted();
    return { description, state: 'unknown' };
  }
}
