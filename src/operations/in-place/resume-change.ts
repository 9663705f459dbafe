/** `restore --resume` and `--undo`: ends a change that a crash or a failure cut off. */
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { withEvents } from '../event-channel.ts';
import type { Workbench } from '../workbench.ts';
import { jobOf } from './change-job.ts';
import { isResumable, JournalFile, type ChangeJournal } from './change-journal.ts';
import { lockChanges } from './change-lock.ts';
import type { ChangeMachine } from './change-machine.ts';
import { runChange, undoChange } from './change-run.ts';
import type { InPlaceEvent, InPlaceResult } from './in-place-input.ts';
import { findKnown } from './known-changes.ts';
import type { ChangeRepository } from './snapshot-change.ts';

export interface UnfinishedInput {
  readonly direction: 'resume' | 'undo';
  /** Of the app, as far as the config tells. */
  readonly paths: readonly string[];
  readonly repositoryOf: (journal: ChangeJournal) => ChangeRepository;
  readonly signal?: AbortSignal | undefined;
}

function assertResumable(journal: ChangeJournal): void {
  if (isResumable(journal)) return;
  const { app, kind, began } = journal;
  throw new KeepsakeError('GUARD_CUT_OFF', { app: app.name, kind, began: began === true });
}

/** Throws `CHANGE_NONE`, `CHANGE_UNDER_WAY`, `GUARD_CUT_OFF`, and what `runChange` throws. */
export function endUnfinished(
  workbench: Workbench,
  machine: ChangeMachine,
  input: UnfinishedInput,
): AsyncGenerator<InPlaceEvent, InPlaceResult> {
  const { direction, signal, repositoryOf } = input;
  const { stateFolder } = machine;
  return withEvents(async (emitter) => {
    const command = `restore --${direction}`;
    await using _lock = await lockChanges({ ...workbench, stateFolder, command });
    const { unfinished } = await findKnown(machine, input.paths);
    const [found] = unfinished;
    if (found === undefined) throw new KeepsakeError('CHANGE_NONE', { wanted: direction });
    const journal = new JournalFile(found, machine);
    const source = repositoryOf(found);
    const job = jobOf({ workbench, machine, journal, emitter, source, signal });
    // The lock is held until it has ended.
    if (direction === 'undo') return await undoChange(job);
    assertResumable(found);
    if (found.direction === 'back') await journal.update({ direction: 'forward' });
    return await runChange(job);
  });
}
