/** The change that a restore makes: a snapshot's state in the place of the app's own. */
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { resolveOwner, setTreeOwner } from '../../host/tree-owner.ts';
import { loadManifest } from '../../snapshot/load-manifest.ts';
import { hasDatabaseMagic } from '../../source/sqlite-files.ts';
import type { OpenSnapshot } from '../open-snapshot.ts';
import type { BackupInput } from '../backup-input.ts';
import type { Workbench } from '../workbench.ts';
import { kindOf, makeFolders } from './change-files.ts';
import { placesIn, type ChangeJournal, type JournalFile } from './change-journal.ts';
import type { ChangeMachine } from './change-machine.ts';
import type { ChangeService } from './change-service.ts';
import type { Change } from './change-steps.ts';
import { makeRestorePoint } from './restore-point.ts';
import { discardStaged, stageSnapshot } from './stage-snapshot.ts';
import { keepOldState } from './settle-change.ts';
import { findSwapRoots, isSameOrBelow, placeFolders } from './swap-roots.ts';
import { findMissingUploads } from './missing-uploads.ts';
import { setAsideStaged, swapBack, swapIn } from './swap-paths.ts';
import { planAgain, type SwapRoot } from './swap-units.ts';
import { whatStays } from './what-stays.ts';

/** Asked for only where the repository is needed: what is staged needs none. */
export interface ChangeRepository {
  /** The snapshot that is restored; given back when it is ready in its places. */
  readonly open: () => Promise<OpenSnapshot>;
  /** How the present state is backed up. */
  readonly backup: () => Promise<BackupInput>;
}

export interface SnapshotChangeOptions {
  readonly workbench: Workbench;
  readonly machine: ChangeMachine;
  readonly journal: JournalFile;
  readonly source: ChangeRepository;
  readonly onProgress: (phase: 'restoring' | 'comparing' | 'copying', doneBytes: number) => void;
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export class SnapshotChange implements Change {
  readonly #options: SnapshotChangeOptions;

  constructor(options: SnapshotChangeOptions) {
    this.#options = options;
  }

  async protect(): Promise<void> {
    const { workbench, journal, source, warn, signal } = this.#options;
    if (journal.value.restorePoint !== undefined) return;
    const { part } = journal.value;
    const backup = await source.backup();
    const restorePoint = await makeRestorePoint(workbench, { backup, part, signal });
    await journal.update({ restorePoint });
    if (restorePoint.kind === 'snapshot') return;
    warn(
      `the present state could not be stored in the repository: ${restorePoint.why}. The old files themselves, kept aside, are the restore point`,
    );
  }

  async prepare(): Promise<void> {
    const { workbench, machine, journal, source, onProgress, signal } = this.#options;
    await using open = await source.open();
    const manifest = await loadManifest(open.repository, open.snapshot.tree, { signal });
    const job = { open, manifest, onProgress, signal };
    const base = journal.value.roots.filter(({ onlyIfMissing }) => onlyIfMissing !== true);
    if (this.#mayHoldWrites()) await setAsideStaged(machine, journal.value.places);
    else await discardStaged(journal.value.places);
    const staged = await stageSnapshot(workbench, { ...job, roots: base });
    let { sizeBytes } = staged;
    if (journal.value.part === 'database') {
      const added = await this.#addMissingUploads(open, base);
      sizeBytes += (await stageSnapshot(workbench, { ...job, roots: added })).sizeBytes;
    }
    await this.#setOwners(journal.value.roots);
    for (const { path } of journal.value.places) await machine.syncFileSystem(path);
    await journal.update({ stagedBytes: sizeBytes });
  }

  /** A database of the past may name files that were deleted since. */
  async #addMissingUploads(open: OpenSnapshot, base: readonly SwapRoot[]): Promise<SwapRoot[]> {
    const { machine, journal, warn, signal } = this.#options;
    const { app, id, places } = journal.value;
    const { found, lost } = await findMissingUploads(open, { app, roots: base }, { signal });
    if (lost.length > 0) {
      warn(
        `${lost.length} uploads that rows name are neither here nor in the snapshot, such as ${lost[0]}`,
      );
    }
    const mountPoints = machine.mountPoints();
    const takesMount = (): boolean => false;
    const added = findSwapRoots({ id, wanted: found, mountPoints, takesMount });
    const known = new Set(places.map(({ path }) => path));
    const fresh = added.places.filter(({ path }) => !known.has(path));
    for (const { path } of fresh) await makeFolders(machine.files, path);
    await journal.update({ roots: [...base, ...added.roots], places: [...places, ...fresh] });
    return [...added.roots];
  }

  async #setOwners(roots: readonly SwapRoot[]): Promise<void> {
    const { machine, journal, signal } = this.#options;
    const { app } = journal.value;
    if (app.owner === undefined || process.geteuid?.() !== 0) return;
    const owner = resolveOwner(app.owner);
    for (const { path, fresh } of roots) {
      if (!isAppsOwn(app, path)) continue;
      if ((await kindOf(machine.files, fresh)) === undefined) continue;
      await setTreeOwner(fresh, owner, { signal });
    }
  }

  async discard(): Promise<void> {
    if (this.#mayHoldWrites()) return;
    await discardStaged(this.#options.journal.value.places);
  }

  /** What the app has run on may hold writes that nothing else has. */
  #mayHoldWrites(): boolean {
    const { wasStarted, takenOut } = this.#options.journal.value;
    return wasStarted === true || takenOut === true;
  }

  async apply(_service: ChangeService): Promise<void> {
    const { machine, journal } = this.#options;
    await this.planUnits(journal.value.roots);
    await swapIn(journal.value.units ?? [], machine);
  }

  /** Those that stand in the journal may have been moved already. */
  protected async planUnits(roots: readonly SwapRoot[]): Promise<void> {
    const { machine, journal } = this.#options;
    const { databases } = journal.value;
    const rules = await rulesOf(machine, journal.value);
    // An empty file with a -wal is one, too.
    const isDatabase = (path: string): boolean =>
      databases.includes(path) || hasDatabaseMagic(path);
    const { files, attributes } = machine;
    const planning = { files, attributes, isDatabase, ...rules };
    const units = await planAgain(journal.value.units ?? [], { roots, planning });
    await journal.update({ units });
  }

  async revert(): Promise<void> {
    await this.swapBack();
    await this.#options.journal.update({ units: [] });
  }

  protected async swapBack(): Promise<void> {
    const { machine, journal } = this.#options;
    const onTakeOut = (): Promise<void> => journal.update({ takenOut: true });
    await swapBack(journal.value.units ?? [], machine, onTakeOut);
  }

  async settle(): Promise<void> {
    const { workbench, journal, source, warn, signal } = this.#options;
    const { places, restorePoint, takenOut } = journal.value;
    // Empty by now, but for what nobody waited for.
    if (takenOut !== true) await discardStaged(places);
    if (restorePoint?.kind !== 'snapshot' || journal.value.finalPoint !== undefined) return;
    const backup = await source.backup();
    const finalPoint = await keepOldState(workbench, journal.value, { backup, signal });
    await journal.update({ finalPoint });
    if (finalPoint.kind === 'snapshot') return;
    warn(
      `what was written after the restore point is not in the repository: ${finalPoint.why}. It is in the old files, which are kept`,
    );
  }
}

/** What stays where it is, whichever way the change goes. */
export async function rulesOf(
  { files, mountPoints }: Pick<ChangeMachine, 'files' | 'mountPoints'>,
  {
    own,
    app,
    whole,
    roots,
    databases,
  }: Pick<ChangeJournal, 'own' | 'app' | 'whole' | 'roots' | 'databases'>,
) {
  const points = mountPoints();
  const paths = [...app.paths, ...roots.map(({ path }) => path)];
  const others = await placesIn(files, placeFolders(paths, points));
  const { exclude } = app;
  return whatStays({ exclude, mountPoints: points, own: [...own, ...others], whole, databases });
}

/** Not what the app only uses, such as its systemd unit. */
function isAppsOwn({ root, databases, references }: ChangeJournal['app'], path: string): boolean {
  const own = [root, ...databases, ...references.map(({ folder }) => folder)];
  return own.some((each) => isSameOrBelow(path, each) || isSameOrBelow(each, path));
}

/** Throws `CHANGE_DATABASE_IN_USE`. */
export function assertUnused(
  { findFileUsers }: Pick<ChangeMachine, 'findFileUsers'>,
  paths: readonly string[],
): void {
  const users = findFileUsers(paths);
  const [first] = users;
  if (first === undefined) return;
  const processes = users.map(({ program, pid }) => `${program} (process ${pid})`);
  throw new KeepsakeError('CHANGE_DATABASE_IN_USE', { path: first.path, processes });
}
