/** The change that a rollback makes: what an earlier change moved aside comes back. */
import { loadJournal, type ChangeJournal } from './change-journal.ts';
import { endChange } from './end-change.ts';
import { JournalFile } from './change-journal.ts';
import { SnapshotChange, type SnapshotChangeOptions } from './snapshot-change.ts';

export class AsideChange extends SnapshotChange {
  readonly #options: SnapshotChangeOptions;

  constructor(options: SnapshotChangeOptions) {
    super(options);
    this.#options = options;
  }

  /** The old files lie there as they were when the app was stopped. */
  override prepare(): Promise<void> {
    return Promise.resolve();
  }

  /** They are perhaps the only copy. */
  override discard(): Promise<void> {
    return Promise.resolve();
  }

  /** The earlier change has nothing aside any more, and cannot be rolled back again. */
  override async settle(): Promise<void> {
    await super.settle();
    const { machine, workbench, journal } = this.#options;
    const earlier = await earlierChange(journal.value, machine.files);
    if (earlier === undefined) return;
    const file = new JournalFile(earlier, machine);
    await endChange(file, 'undone', { ...machine, clock: workbench.clock });
  }
}

async function earlierChange(
  { source }: ChangeJournal,
  files: Parameters<typeof loadJournal>[0],
): Promise<ChangeJournal | undefined> {
  return source.kind === 'aside' ? loadJournal(files, source.journal) : undefined;
}
