/** What `backup` does in an open repository; loaded while its key is being derived. */
import { TOP_NAMES } from '../backend/layout.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { distrustLostPacks } from '../repository/lost-packs.ts';
import type { Repository } from '../repository/repository.ts';
import type { ArchiveProblem, ArchiveResult, ArchiveSource } from '../snapshot/archive-options.ts';
import { archive } from '../snapshot/archive.ts';
import { CONFIG_NAME } from '../snapshot/manifest.ts';
import { fileWorkerModule } from '../snapshot/file-worker.ts';
import type { LookAhead } from '../source/look-ahead.ts';
import type { CaptureAhead } from '../sqlite/capture-ahead.ts';
import type { BackupEvent, BackupInput, BackupOutcome, BackupResult } from './backup-input.ts';
import { listenToArchive } from './archive-listener.ts';
import { openBackupSource } from './backup-source.ts';
import { beginCaptures } from './begin-captures.ts';
import type { Emitter } from './event-channel.ts';
import { makeSnapshot } from './make-snapshot.ts';
import { findParent, type BackupParent } from './parent-snapshot.ts';
import { withScratchFolder } from './scratch-folder.ts';
import { findUnfollowedLinks } from './unfollowed-links.ts';
import { freshStart, type WalkStart } from './walk-start.ts';
import type { Workbench } from './workbench.ts';

/** Files read side by side; more only makes the disk seek. */
const READERS = 2;
const LEFTOVER_AGE_MS = 24 * 60 * 60_000;

export interface BackupRun {
  readonly repository: Repository;
  readonly startedAt: Date;
  readonly emitter: Emitter<BackupEvent>;
  readonly start: WalkStart;
}

export async function runBackup(
  workbench: Workbench,
  input: BackupInput,
  { repository, startedAt, emitter, start }: BackupRun,
): Promise<BackupResult> {
  const { signal, dryRun } = input;
  const damage: ArchiveProblem[] = [];
  const onDamage = (error: KeepsakeError): void => {
    damage.push({ path: '/', error, kind: 'parent' });
  };
  const snapshots = await repository.loadSnapshots({ signal, onDamage });
  const { at: beganAt, ahead } = freshStart(start, workbench.clock);
  await using scratch = await withScratchFolder(workbench);
  const scratchFolder = scratch.path;
  await using captures = beginCaptures(workbench, { input, snapshots, scratchFolder, ahead });
  await repository.loadIndex({ signal });
  const [parent, packs] = await Promise.all([
    findParent(repository, snapshots, { ...input, uid: workbench.self.uid, onDamage }),
    distrustLostPacks(repository, { signal }),
  ]);
  if (!dryRun) await tidyStore(workbench, repository, signal);
  if (packs.length > 0) onDamage(new KeepsakeError('REPOSITORY_PACKS_LOST', { packs }));
  emitter.emit({ type: 'parent', id: parent?.id, manifest: parent?.manifest });
  const places = { scratchFolder, captures };
  const job = { input, repository, parent, emitter, damage, beganAt, ahead, ...places };
  const result = await archiveInto(workbench, job);
  const endedAt = workbench.clock.now();
  const outcome = judgeOutcome(result);
  const tags = snapshotTags(input, result, outcome);
  const common = { ...result, outcome, tags, parentId: parent?.id, startedAt, endedAt, dryRun };
  if (dryRun) return common;
  const { paths, excludes } = input.subject;
  const { hostname, time = startedAt } = input;
  const facts = { ...common, paths, excludes, hostname, time };
  const snapshot = makeSnapshot(workbench, facts);
  return { ...common, snapshotId: await repository.saveSnapshot(snapshot, { signal }) };
}

/** Removes what runs that were cut off left half written; a younger one may still be at work. */
async function tidyStore(
  { clock }: Workbench,
  { backend }: Repository,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const before = new Date(clock.now().getTime() - LEFTOVER_AGE_MS);
    await backend.removeLeftovers?.(before, { signal });
  } catch {
    // They only take room. What is wrong with the store the backup itself will meet and tell.
    signal?.throwIfAborted();
  }
}

/** Not its whole folder, in which other things may stand, too. */
function repositoryEntries(location: string): string[] {
  return TOP_NAMES.map((name) => `${location}/${name}`);
}

interface ArchiveJob {
  readonly input: BackupInput;
  readonly repository: Repository;
  readonly parent: BackupParent | undefined;
  readonly emitter: Emitter<BackupEvent>;
  /** Found in the repository; told with the problems of the run. */
  readonly damage: readonly ArchiveProblem[];
  /** When the first look at the source was taken. */
  readonly beganAt: Date;
  readonly ahead: LookAhead;
  readonly scratchFolder: string;
  readonly captures: CaptureAhead | undefined;
}

/** Everything is durable and indexed when this resolves; only the snapshot is missing. */
async function archiveInto(workbench: Workbench, job: ArchiveJob): Promise<ArchiveResult> {
  const { input, repository, parent, emitter, beganAt, ahead, captures } = job;
  const { compression, packSizeBytes, signal, subject, dryRun, origin } = input;
  const saver = repository.startWriting({
    compression,
    packSizeBytes,
    signal,
    dryRun,
    workerModule: fileWorkerModule,
  });
  try {
    const result = await archive({
      store: repository,
      source: sourceOf(workbench, job),
      clock: workbench.clock,
      beganAt,
      capture: {
        scratchFolder: job.scratchFolder,
        gate: workbench.gate,
        ahead: captures,
        method: input.captureMethod,
        check: input.databaseCheck,
        lockLimitMs: input.lockLimitMs,
        busyLimitMs: input.busyLimitMs,
        locate: subject.locate,
      },
      configuredDatabases: subject.databases,
      // Without the files there is nothing to hold the rows against.
      references: input.only === 'database' ? [] : subject.references,
      paths: input.only === 'database' ? subject.databases : subject.paths,
      about: {
        keepsakeVersion: workbench.keepsakeVersion,
        hostname: input.hostname,
        ...(subject.app === undefined ? {} : { app: subject.app }),
        ...(subject.appVersion === undefined ? {} : { appVersion: subject.appVersion }),
        ...(origin === undefined ? {} : { machine: origin.machine }),
      },
      ownFiles: origin === undefined ? [] : [{ name: CONFIG_NAME, bytes: origin.configBytes }],
      parent,
      readers: READERS,
      listener: listenToArchive(emitter, {
        input,
        clock: workbench.clock,
        ahead,
        storedBytes: () => saver.storedBytes,
      }),
      signal,
    });
    const problems = [...job.damage, ...findUnfollowedLinks(subject), ...result.problems];
    for (const problem of problems) emitter.emit({ type: 'problem', problem });
    for (const warning of result.warnings) emitter.emit({ type: 'warning', ...warning });
    await saver.flush();
    result.counts.dataAddedPacked = saver.storedBytes;
    return { ...result, problems };
  } catch (error) {
    await saver.abandon();
    throw error;
  }
}

function sourceOf(
  { scratchFolder }: Workbench,
  { input, repository, ahead }: Pick<ArchiveJob, 'input' | 'repository' | 'ahead'>,
): ArchiveSource {
  const own = [...repositoryEntries(repository.backend.location), scratchFolder];
  const polynomial = repository.config.chunkerPolynomial;
  return openBackupSource(input, { polynomial, own, ahead });
}

function judgeOutcome({ problems, warnings, manifest }: ArchiveResult): BackupOutcome {
  if (problems.some(({ kind }) => kind === 'database')) return 'failed';
  const damaged = manifest.databases.some(({ integrity }) => integrity.result === 'damaged');
  if (damaged || problems.some(({ kind }) => kind === 'file')) return 'partial';
  const lacksFiles = manifest.references.some(({ missingCount }) => missingCount > 0);
  return lacksFiles || problems.length > 0 || warnings.length > 0 ? 'warning' : 'ok';
}

/** `app:` names what retention and `latest` group by; the others take the snapshot out of them. */
function snapshotTags(
  { subject, tags, only }: BackupInput,
  { manifest }: ArchiveResult,
  outcome: BackupOutcome,
): string[] {
  const damaged = manifest.databases.some(({ integrity }) => integrity.result === 'damaged');
  return [
    // A restore point is kept by rules of its own, and never the latest.
    ...(subject.app === undefined || tags.includes('restore-point') ? [] : [`app:${subject.app}`]),
    ...tags,
    ...(only === 'database' ? ['database-only'] : []),
    ...(outcome === 'partial' || outcome === 'failed' ? ['partial'] : []),
    ...(damaged ? ['damaged'] : []),
  ];
}
