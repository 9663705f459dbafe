import type { Emitter } from '../event-channel.ts';
import type { Workbench } from '../workbench.ts';
import type { JournalFile } from './change-journal.ts';
import type { ChangeMachine } from './change-machine.ts';
import type { ChangeJob } from './change-run.ts';
import type { InPlaceEvent } from './in-place-input.ts';
import { AsideChange } from './aside-change.ts';
import { GuardChange, type GuardChangeOptions } from './guard-change.ts';
import { LiveChange } from './live-change.ts';
import { SnapshotChange, type ChangeRepository } from './snapshot-change.ts';

export interface ChangeParts {
  readonly workbench: Workbench;
  readonly machine: ChangeMachine;
  readonly journal: JournalFile;
  readonly emitter: Emitter<InPlaceEvent>;
  readonly source: ChangeRepository;
  /** Of a guard that begins here. */
  readonly work?: GuardChangeOptions['work'];
  readonly signal?: AbortSignal | undefined;
}

/** What is run for this journal, whether it was just made or found after a crash. */
export function jobOf(parts: ChangeParts): ChangeJob {
  const { emitter, ...rest } = parts;
  const options: GuardChangeOptions = {
    ...rest,
    onProgress: (phase, doneBytes) => emitter.emitProgress({ kind: 'progress', phase, doneBytes }),
    warn: (message) => emitter.emit({ kind: 'warning', message }),
    onCommand: (event) => emitter.emit(event),
  };
  return { ...rest, emitter, change: changeOf(options) };
}

function changeOf(options: GuardChangeOptions): SnapshotChange {
  const { source, live } = options.journal.value;
  if (source.kind === 'commands') return new GuardChange(options);
  if (source.kind === 'aside') return new AsideChange(options);
  return live === true ? new LiveChange(options) : new SnapshotChange(options);
}
