/**
 * `restore --live`: the database's content is replaced through SQLite while the app goes on. What
 * the app commits between the copy of the old state and the write is lost with that state; both
 * follow each other at once.
 */
import { copyFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isKeepsakeError, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import { captureImage } from '../../sqlite/capture.ts';
import { inspectImage } from '../../sqlite/inspect.ts';
import { overwriteDatabase } from '../../sqlite/overwrite-database.ts';
import { withScratchFolder } from '../scratch-folder.ts';
import { kindOf, makeFolders } from './change-files.ts';
import { makeRestorePoint } from './restore-point.ts';
import { SnapshotChange, type SnapshotChangeOptions } from './snapshot-change.ts';
import { swapIn } from './swap-paths.ts';
import type { SwapRoot } from './swap-units.ts';

/** An app waits 5 s for a lock before it gives up a write, as better-sqlite3 does. */
const OVERWRITE_LIMIT_MS = 10_000;

export class LiveChange extends SnapshotChange {
  readonly #options: SnapshotChangeOptions;

  constructor(options: SnapshotChangeOptions) {
    super(options);
    this.#options = options;
  }

  override async apply(): Promise<void> {
    const { machine, journal } = this.#options;
    for (const root of this.#databases()) {
      if (journal.value.overwritten?.includes(root.path) === true) continue;
      await this.#keepOld(root);
      await journal.update({ overwriting: root.path });
      await this.#overwrite(root, root.fresh);
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
    for (const root of this.#databases()) {
      const { overwritten = [], overwriting } = journal.value;
      // Cut off while it was written: whether SQLite committed it nobody knows.
      if (overwriting !== root.path && !overwritten.includes(root.path)) continue;
      await this.#overwrite(root, root.old);
    }
    await journal.update({ units: [], overwritten: [], overwriting: '' });
  }

  /** The database itself is the old one again, so its copy is of no more use. */
  override async discard(): Promise<void> {
    await super.discard();
    for (const { old } of this.#databases()) await rm(fsPath(old), { force: true });
  }

  #databases(): SwapRoot[] {
    return this.#options.journal.value.roots.filter((root) => root.onlyIfMissing !== true);
  }

  #uploads(): SwapRoot[] {
    return this.#options.journal.value.roots.filter((root) => root.onlyIfMissing === true);
  }

  /** A copy that was there before is of a run that was cut off: that run may have written already. */
  async #keepOld({ at, old }: SwapRoot): Promise<void> {
    const { workbench, machine, journal, source, signal } = this.#options;
    const { files } = machine;
    if ((await kindOf(files, old)) !== undefined) {
      const backup = await source.backup();
      const { part } = journal.value;
      const restorePoint = await makeRestorePoint(workbench, { backup, part, signal });
      await journal.update({ restorePoint });
      return;
    }
    const { clock } = workbench;
    await using scratch = await withScratchFolder(workbench);
    const options = { path: at, scratchFolder: scratch.path, configured: true, clock, signal };
    await using image = await captureImage(options);
    await makeFolders(files, dirname(old));
    const half = `${old}.half`;
    await rm(fsPath(half), { force: true });
    await copyFile(fsPath(image.imagePath), fsPath(half));
    await machine.syncFileSystem(dirname(old));
    await files.rename(half, old);
    await files.syncFolder(dirname(old));
    await machine.attributes.write(old, await machine.attributes.read(at));
  }

  async #overwrite({ at: target }: SwapRoot, image: string): Promise<void> {
    const { workbench, journal } = this.#options;
    const { clock } = workbench;
    try {
      await overwriteDatabase({ image, target, limitMs: OVERWRITE_LIMIT_MS, clock });
    } catch (error) {
      // Nothing was written, so there is nothing to take back.
      if (isKeepsakeError(error)) await journal.update({ overwriting: '' });
      throw error;
    }
  }

  async #assertSound({ at: path, fresh }: SwapRoot): Promise<void> {
    const { workbench, signal } = this.#options;
    const { clock } = workbench;
    await using scratch = await withScratchFolder(workbench);
    const options = { path, scratchFolder: scratch.path, configured: true, clock, signal };
    await using image = await captureImage(options);
    const [now, wanted] = [
      await inspectImage(image.imagePath, { fullIntegrity: true, signal }),
      await inspectImage(fresh, { signal }),
    ];
    const problems = [
      ...now.integrity.problems,
      ...(now.schemaHash === wanted.schemaHash ? [] : ['its schema is not that of the snapshot']),
    ];
    if (problems.length > 0) throw new KeepsakeError('CHANGE_STAGED_WRONG', { problems });
  }
}
