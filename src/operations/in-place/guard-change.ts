/**
 * The change that commands make: whatever they do to the app, there are copies of all they can reach
 * that go back byte for byte. Until `began` stands in the journal the app's own files are the old
 * state, and copies are only thrown away; from then on the copies are, and only they are trusted.
 */
import { join } from 'node:path';
import { describeCause, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { DatabaseFacts } from '../../sqlite/database-facts.ts';
import { sidecarsOf } from '../../sqlite/database-file.ts';
import { removeTree } from './change-files.ts';
import type { CodeVersions } from './change-journal.ts';
import type { ChangeService } from './change-service.ts';
import { CopyAside } from './copy-aside.ts';
import type { GuardInput, GuardStep, GuardWork } from './guard-input.ts';
import type { CommandEvent } from './in-place-input.ts';
import { findEmptied, findLosses, judgeAfter, type DatabaseJudge } from './judge-after.ts';
import { setLinks } from './path-links.ts';
import { SnapshotChange, rulesOf, type SnapshotChangeOptions } from './snapshot-change.ts';
import { isSameOrBelow, realPath } from './swap-roots.ts';
import { swapIn } from './swap-paths.ts';
import type { SwapRoot } from './swap-units.ts';

export interface GuardChangeOptions extends SnapshotChangeOptions {
  /** Absent where the change was found after a crash: its commands are not run again. */
  readonly work?: (GuardWork & Pick<GuardInput, 'commitOf'>) | undefined;
  readonly onCommand?: (event: CommandEvent) => void;
}

export class GuardChange extends SnapshotChange {
  readonly #options: GuardChangeOptions;
  #copy: CopyAside | undefined;
  #after: ReadonlyMap<string, DatabaseFacts> | undefined;

  constructor(options: GuardChangeOptions) {
    super(options);
    this.#options = options;
  }

  override async prepare(): Promise<void> {
    const { machine, journal } = this.#options;
    if (journal.value.began === true) return;
    await this.#removeCopies();
    await (await this.#openCopy()).copyRunning();
    // Most of the waiting for the disk is over before the app is stopped.
    for (const { path } of journal.value.places) await machine.syncFileSystem(path);
  }

  async #openCopy(): Promise<CopyAside> {
    const { machine, journal, workbench, onProgress, signal } = this.#options;
    const { roots, databases } = journal.value;
    const { stays } = await rulesOf(machine, journal.value);
    const { clock } = workbench;
    this.#copy ??= new CopyAside({
      roots,
      stays,
      databases,
      clock,
      onProgress: (doneBytes) => onProgress('copying', doneBytes),
      signal,
    });
    return this.#copy;
  }

  override async apply(service: ChangeService): Promise<void> {
    const { journal, work } = this.#options;
    const { began, finished, app, kind } = journal.value;
    if (finished !== true) {
      if (work === undefined || began === true) {
        throw new KeepsakeError('GUARD_CUT_OFF', { app: app.name, kind, began: began === true });
      }
      await this.#finishCopies();
      // As large as the journal of the way back will be: room for that is kept from here on.
      await this.planUnits(journal.value.roots.map(turned));
      await journal.update({ began: true });
      await this.#runAll(work, service);
      await journal.update({ finished: true });
    }
    await this.#judge();
  }

  async #finishCopies(): Promise<void> {
    const { machine, journal, warn } = this.#options;
    const copy = await this.#openCopy();
    const changing = await copy.copyStopped();
    for (const { path } of journal.value.places) await machine.syncFileSystem(path);
    await journal.update({ stagedBytes: copy.sizeBytes });
    const torn = changing.find((path) => isDatabasePart(path, journal.value.databases));
    if (torn !== undefined) {
      const why = 'something still writes to it although the app is stopped';
      throw new KeepsakeError('GUARD_COPY_FAILED', { path: torn, why });
    }
    if (changing.length === 0) return;
    warn(
      `something still writes although the app is stopped: the copy of ${changing.slice(0, 3).join(', ')} may be torn`,
    );
  }

  /**
   * A script may stop and start the service itself; before anything is judged it is stopped again.
   * An update's own steps do not: what a crash leaves half updated does not start with the machine.
   */
  async #runAll(work: GuardWork, service: ChangeService): Promise<void> {
    const { journal, signal } = this.#options;
    service.expectStart();
    if (journal.value.kind === 'guard') await service.letGo({ signal });
    for (const [index, step] of work.steps.entries()) {
      signal?.throwIfAborted();
      await this.#runOne(step, { work, number: index + 1 });
    }
    await service.stop({ signal });
  }

  async #runOne(
    step: GuardStep,
    { work, number }: { work: GuardWork; number: number },
  ): Promise<void> {
    const { onCommand, signal } = this.#options;
    const { name } = step;
    onCommand?.({ kind: 'command', name, number, of: work.steps.length });
    const { exitCode, endedBy } = await work.run(step, { signal });
    onCommand?.({ kind: 'command-ended', name, exitCode });
    if (exitCode === 0) return;
    const details = { step: name, exitCode, endedBy: endedBy ?? '' };
    throw new KeepsakeError('GUARD_COMMAND_FAILED', details);
  }

  async #judge(): Promise<void> {
    const { journal, onCommand, signal } = this.#options;
    onCommand?.({ kind: 'judging' });
    const { databases, app } = journal.value;
    // Where the app finds them now: a command may have pointed a link elsewhere.
    const found = app.databases.length > 0 ? app.databases.map(realPath) : databases;
    this.#after = await judgeAfter(this.#judgeOne, found, { signal });
  }

  readonly #judgeOne: DatabaseJudge = (path, options) => {
    const { machine, workbench } = this.#options;
    return machine.judgeDatabase(workbench, path, options);
  };

  /** Only whole copies are put back, and only once: afterwards what stands in the app is the old state. */
  override async revert(): Promise<void> {
    const { machine, journal } = this.#options;
    const { began, reverted, roots } = journal.value;
    if (began !== true || reverted === true) return;
    await this.planUnits(roots.map(turned));
    await journal.update({ takenOut: true });
    await swapIn(journal.value.units ?? [], machine);
    setLinks(journal.value.links ?? []);
    await journal.update({ reverted: true });
  }

  override async discard(): Promise<void> {
    if (this.#options.journal.value.began !== true) await this.#removeCopies();
  }

  async #removeCopies(): Promise<void> {
    for (const { path } of this.#options.journal.value.places) {
      await removeTree(join(path, 'old'));
    }
  }

  override async settle(): Promise<void> {
    const { journal } = this.#options;
    await this.#noteCommit(journal.value.code);
    await this.#tellLosses();
    await super.settle();
  }

  async #noteCommit(code: CodeVersions | undefined): Promise<void> {
    const { journal, work } = this.#options;
    if (code === undefined || code.to !== undefined) return;
    const to = await work?.commitOf(code.folder);
    if (to !== undefined) await journal.update({ code: { ...code, to } });
  }

  async #tellLosses(): Promise<void> {
    const { journal, machine, warn, signal } = this.#options;
    if (this.#after === undefined) return;
    const { app, roots } = journal.value;
    const copyOf = (at: string): string => copyIn(roots, at);
    try {
      for (const loss of await findLosses(this.#judgeOne, this.#after, { copyOf, signal }))
        warn(loss);
      for (const loss of await findEmptied(machine.files, app.paths, copyOf)) warn(loss);
    } catch (error) {
      signal?.throwIfAborted();
      warn(`whether rows or files are missing was not counted: ${describeCause(error)}`);
    }
  }
}

function isDatabasePart(path: string, databases: readonly string[]): boolean {
  return databases.some((database) => [database, ...sidecarsOf(database)].includes(path));
}

/** On the way back the copies come in, and what the commands left goes out. */
function turned(root: SwapRoot): SwapRoot {
  return { ...root, fresh: root.old, old: root.fresh };
}

function copyIn(roots: readonly SwapRoot[], at: string): string {
  const root = roots
    .filter((each) => isSameOrBelow(at, each.at))
    .sort((a, b) => b.at.length - a.at.length)[0];
  return root === undefined ? at : root.old + at.slice(root.at.length);
}
