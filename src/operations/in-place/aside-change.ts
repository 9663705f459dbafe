/** The change that a rollback makes: what an earlier change moved aside comes back. */
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { kindOf } from './change-files.ts';
import { JournalFile, loadJournal, type ChangeJournal } from './change-journal.ts';
import type { ChangeService } from './change-service.ts';
import { endChange } from './end-change.ts';
import { linksOn, setLinks } from './path-links.ts';
import { SnapshotChange, type SnapshotChangeOptions } from './snapshot-change.ts';
import type { SwapRoot } from './swap-units.ts';

export class AsideChange extends SnapshotChange {
  readonly #options: SnapshotChangeOptions;

  constructor(options: SnapshotChangeOptions) {
    super(options);
    this.#options = options;
  }

  /** The old files lie there as they were when the app was stopped. Throws `CHANGE_NONE`. */
  override async prepare(): Promise<void> {
    const { machine, journal } = this.#options;
    const earlier = await earlierChange(journal.value, machine.files);
    for (const root of journal.value.roots) {
      if (!isKept(earlier, root) || (await kindOf(machine.files, root.fresh)) !== undefined)
        continue;
      throw new KeepsakeError('CHANGE_NONE', { wanted: 'rollback' });
    }
  }

  /** They are perhaps the only copy. */
  override discard(): Promise<void> {
    return Promise.resolve();
  }

  override async apply(service: ChangeService): Promise<void> {
    const { journal } = this.#options;
    const { links = [], linksFound } = journal.value;
    if (links.length > 0 && linksFound === undefined) {
      await journal.update({ linksFound: linksOn(links.map(({ path }) => path)) });
    }
    await super.apply(service);
    setLinks(links);
  }

  override async revert(): Promise<void> {
    setLinks(this.#options.journal.value.linksFound ?? []);
    await super.revert();
  }

  /** The earlier change has nothing aside any more, and cannot be rolled back again. */
  override async settle(): Promise<void> {
    await super.settle();
    const { machine, workbench, journal, warn } = this.#options;
    const earlier = await earlierChange(journal.value, machine.files);
    if (earlier === undefined) return;
    const file = new JournalFile(earlier, machine);
    await endChange(file, 'undone', { ...machine, clock: workbench.clock, warn });
  }
}

/** Whether something stood there that was moved aside, or copied for a guard. */
function isKept(earlier: ChangeJournal | undefined, { at }: SwapRoot): boolean {
  if (earlier === undefined) return true;
  const unit = earlier.units?.find(({ live }) => live === at);
  // A guard's units say what would come back.
  if (earlier.source.kind === 'commands') return unit?.fresh !== undefined;
  return unit === undefined || unit.old !== undefined;
}

async function earlierChange(
  { source }: ChangeJournal,
  files: Parameters<typeof loadJournal>[0],
): Promise<ChangeJournal | undefined> {
  return source.kind === 'aside' ? loadJournal(files, source.journal) : undefined;
}
