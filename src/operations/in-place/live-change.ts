/**
 * `restore --live`: the database's content is replaced through SQLite while the app goes on. What
 * the app commits between the copy of the old state and the write is lost with that state; both
 * follow each other at once.
 */
import { isKeepsakeError, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { captureImage } from '../../sqlite/capture.ts';
import { ownGateUnless } from '../../sqlite/gate.ts';
import { inspectImage } from '../../sqlite/inspect.ts';
import { overwriteDatabase } from '../../sqlite/overwrite-database.ts';
import { withScratchFolder } from '../scratch-folder.ts';
import { LiveCopies } from './live-copies.ts';
import { SnapshotChange, type SnapshotChangeOptions } from './snapshot-change.ts';
import { swapIn } from './swap-paths.ts';
import type { SwapRoot } from './swap-units.ts';

/** SQLite itself said that it could not. */
const UNWRITTEN = ['DATABASE_KEPT_BUSY', 'DATABASE_UNREADABLE', 'DATABASE_DAMAGED'] as const;

export class LiveChange extends SnapshotChange {
  readonly #options: SnapshotChangeOptions;
  readonly #copies: LiveCopies;

  constructor(options: SnapshotChangeOptions) {
    super(options);
    this.#options = options;
    this.#copies = new LiveCopies(options);
  }

  override async apply(): Promise<void> {
    const { machine, journal } = this.#options;
    for (const root of this.#databases()) {
      if (journal.value.overwritten?.includes(root.path) === true) continue;
      const wasCutOff = journal.value.overwriting === root.path;
      await this.#copies.keepOld(root, { wasCutOff });
      await journal.update({ overwriting: root.path });
      await this.#bringIn(root);
      const overwritten = [...(journal.value.overwritten ?? []), root.path];
      await journal.update({ overwritten, overwriting: '' });
      await this.#assertSound(root);
    }
    await this.planUnits(this.#uploads());
    await swapIn(journal.value.units ?? [], machine);
  }

  override async revert(): Promise<void> {
    const { journal } = this.#options;
    await this.swapBack();
    // The one that was cut off first: the journal names only one.
    for (const root of this.#databases().toReversed()) {
      if (!this.#mayBeWritten(root)) continue;
      const overwritten = (journal.value.overwritten ?? []).filter((path) => path !== root.path);
      await journal.update({ overwritten, overwriting: root.path });
      if (await this.#copies.keepForUndo(root)) await this.#overwrite(root, root.old);
      await journal.update({ overwriting: '' });
    }
    await journal.update({ units: [] });
  }

  /** Where the database itself is the old one again its copy is of no more use. */
  override async discard(): Promise<void> {
    await super.discard();
    for (const root of this.#databases()) {
      if (!this.#mayBeWritten(root)) await this.#copies.forget(root);
    }
  }

  /** Cut off while it was written: whether SQLite committed it nobody knows. */
  #mayBeWritten({ path }: SwapRoot): boolean {
    const { overwritten = [], overwriting } = this.#options.journal.value;
    return overwriting === path || overwritten.includes(path);
  }

  #databases(): SwapRoot[] {
    return this.#options.journal.value.roots.filter((root) => root.onlyIfMissing !== true);
  }

  #uploads(): SwapRoot[] {
    return this.#options.journal.value.roots.filter((root) => root.onlyIfMissing === true);
  }

  async #bringIn(root: SwapRoot): Promise<void> {
    try {
      await this.#overwrite(root, root.fresh);
    } catch (error) {
      // Nothing was written, so there is nothing to take back.
      if (UNWRITTEN.some((code) => isKeepsakeError(error, code))) {
        await this.#options.journal.update({ overwriting: '' });
      }
      throw error;
    }
  }

  async #overwrite({ at: target }: SwapRoot, image: string): Promise<void> {
    const { workbench, machine } = this.#options;
    const { clock } = workbench;
    await overwriteDatabase({ image, target, limitMs: machine.lockLimitMs, clock });
  }

  async #assertSound({ at: path, fresh }: SwapRoot): Promise<void> {
    const { workbench, signal } = this.#options;
    const { clock } = workbench;
    await using scratch = await withScratchFolder(workbench);
    await using own = ownGateUnless(workbench.gate);
    const { gate } = own;
    const options = { path, scratchFolder: scratch.path, configured: true, clock, gate, signal };
    await using image = await captureImage(options);
    const [now, wanted] = [
      await inspectImage(image.imagePath, { fullIntegrity: true, gate, signal }),
      await inspectImage(fresh, { gate, signal }),
    ];
    const problems = [
      ...now.integrity.problems,
      ...(now.schemaHash === wanted.schemaHash ? [] : ['its schema is not that of the snapshot']),
    ];
    if (problems.length > 0) throw new KeepsakeError('CHANGE_STAGED_WRONG', { problems });
  }
}
