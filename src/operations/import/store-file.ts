/** Makes the snapshot of one file that was surveyed. */
import { basename } from 'node:path';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { BlobSaver } from '../../repository/blob-saver.ts';
import type { Repository, StoredSnapshot } from '../../repository/repository.ts';
import { archive } from '../../snapshot/archive.ts';
import type { ArchiveResult } from '../../snapshot/archive-options.ts';
import { fileWorkerModule } from '../../snapshot/file-worker.ts';
import { makeSnapshot } from '../make-snapshot.ts';
import type { BackupParent } from '../parent-snapshot.ts';
import { withScratchFolder } from '../scratch-folder.ts';
import type { Workbench } from '../workbench.ts';
import { collectMembers, type Collected } from './collect-members.ts';
import type { ImportedFile, ImportInput } from './import-input.ts';
import { importedNodes, sourceOf, type ImportedNodesOptions } from './imported-nodes.ts';
import { judgeCopies, type LaidOutDatabase } from './judge-copies.ts';
import { findParts, judgeImport, type ImportedParts } from './judge-import.ts';
import { MemberStore } from './member-store.ts';
import type { MemberTable } from './member-table.ts';
import { findImported, findNearest } from './nearest-parent.ts';
import { placeAll, type Survey } from './survey-file.ts';
import type { Places } from './import-places.ts';

export interface StoreJob {
  readonly repository: Repository;
  /** Oldest first. */
  readonly snapshots: readonly StoredSnapshot[];
  readonly survey: Survey;
  readonly input: ImportInput;
  readonly onMember: (sizeBytes: number) => void;
}

/** Nothing is in the repository when it throws, but data that no snapshot names. */
export async function storeFile(workbench: Workbench, job: StoreJob): Promise<ImportedFile> {
  const { repository, snapshots, survey, input } = job;
  const { signal, hostname } = input;
  const { time, facts, paths, databasePath } = survey;
  const search = { hostname, paths, time, signal };
  const before = await findImported(repository, snapshots, { ...search, facts, databasePath });
  if (before !== undefined) return skipped(job, before);
  const parent = await findNearest(repository, snapshots, search);
  const saver = repository.startWriting({
    compression: input.compression,
    packSizeBytes: input.packSizeBytes,
    signal,
    dryRun: input.dryRun,
    workerModule: fileWorkerModule,
  });
  try {
    return await storeInto(workbench, { ...job, parent, saver });
  } catch (error) {
    await saver.abandon();
    throw error;
  }
}

type OpenJob = StoreJob & { parent: BackupParent | undefined; saver: BlobSaver };

async function storeInto(workbench: Workbench, job: OpenJob): Promise<ImportedFile> {
  const startedAt = workbench.clock.now();
  await using scratch = await withScratchFolder(workbench);
  const scratchFolder = scratch.path;
  const contents = await storeContents(workbench, { ...job, scratchFolder });
  const made = await makeTree(workbench, { ...job, ...contents, scratchFolder });
  await job.saver.flush();
  return await saveSnapshot(workbench, { ...job, ...contents, ...made, startedAt });
}

/** All but the databases that are to be captured is in the repository then. */
async function storeContents(
  { clock }: Workbench,
  job: OpenJob & { scratchFolder: string },
): Promise<ImportedNodesOptions> {
  const { repository, survey, input, parent, scratchFolder } = job;
  const { signal } = input;
  const polynomial = repository.config.chunkerPolynomial;
  const members = new MemberStore({ store: repository, polynomial, scratchFolder, signal });
  const { collected, places } = await collectAgain(job, members);
  const databases = await layOut(collected.table, members);
  const judged = await judgeCopies(databases, {
    placeOf: (key) => places.paths.get(key) ?? `/${key}`,
    isConfigured: (path) => input.app?.databases.includes(path) === true,
    scratchFolder,
    clock,
    signal,
  });
  const { time } = survey;
  return { repository, parent, collected, places, members, databases, judged, time, signal };
}

async function saveSnapshot(
  workbench: Workbench,
  job: OpenJob & ImportedNodesOptions & MadeTree & { startedAt: Date },
): Promise<ImportedFile> {
  const { repository, survey, input, parent, saver, members, result, parts, startedAt } = job;
  const { hostname, exclude, dryRun, signal } = input;
  const { time, timeSource, container, paths } = survey;
  const databases = [...job.judged.values()];
  const { outcome, tags, notes } = judgeImport({ input, parts, databases, result });
  const { counts, tree } = result;
  counts.dataBlobs += members.counts.dataBlobs;
  counts.dataAdded += members.counts.dataAdded;
  counts.dataAddedPacked = saver.storedBytes;
  const endedAt = workbench.clock.now();
  const isOlder = parent !== undefined && Date.parse(parent.time) <= time.getTime();
  const parentId = isOlder ? parent.id : undefined;
  const about = { time, parentId, tree, paths, hostname, excludes: exclude, tags };
  const snapshot = makeSnapshot(workbench, { ...about, startedAt, endedAt, counts });
  return {
    file: container.path,
    outcome,
    snapshotId: dryRun ? undefined : await repository.saveSnapshot(snapshot, { signal }),
    time,
    timeSource,
    places: job.places.places,
    tags,
    databases,
    fileCount: counts.totalFilesProcessed,
    sizeBytes: counts.totalBytesProcessed,
    storedBytes: saver.storedBytes,
    notes: [...notesOnMembers(job.collected), ...notes],
  };
}

/** Now with the contents. Throws `IMPORT_CHANGED` if the file is another one than was surveyed. */
async function collectAgain(
  { survey, input, onMember }: OpenJob,
  members: MemberStore,
): Promise<{ collected: Collected; places: Places }> {
  const { container, facts } = survey;
  const { exclude, signal } = input;
  const collected = await collectMembers(container, {
    exclude,
    take: (key, entry) => members.take(key, entry),
    onMember,
    signal,
  });
  if (collected.facts.sha256 !== facts.sha256) {
    throw new KeepsakeError('IMPORT_CHANGED', { path: container.path });
  }
  return { collected, places: placeAll(container, collected, input) };
}

async function layOut(table: MemberTable, members: MemberStore): Promise<LaidOutDatabase[]> {
  const laidOut: LaidOutDatabase[] = [];
  for (const database of table.databases()) {
    laidOut.push({ ...database, copyPath: await members.layOut(database, table) });
  }
  return laidOut;
}

interface MadeTree {
  readonly result: ArchiveResult;
  readonly parts: ImportedParts;
}

async function makeTree(
  { clock, keepsakeVersion }: Workbench,
  job: OpenJob & ImportedNodesOptions & { scratchFolder: string },
): Promise<MadeTree> {
  const { repository, survey, input, parent, scratchFolder, signal } = job;
  const { app, hostname } = input;
  const { container, facts, paths } = survey;
  const nodes = await importedNodes(job);
  const parts = findParts(container, app, nodes);
  const copies = copiesByPath(job);
  const result = await archive({
    store: repository,
    source: await sourceOf(nodes, job),
    clock,
    capture: { scratchFolder, check: 'always', locate: (path) => copies.get(path) ?? path },
    configuredDatabases: (app?.databases ?? []).filter((path) => copies.has(path)),
    references: parts.isDatabaseOnly ? [] : parts.references,
    paths,
    about: {
      keepsakeVersion,
      hostname,
      ...(app === undefined ? {} : { app: app.name }),
      imported: { file: basename(container.path), ...facts },
    },
    parent,
    readers: 1,
    signal,
  });
  return { result, parts };
}

/** Of the databases that are captured. */
function copiesByPath({ databases, judged, places }: ImportedNodesOptions): Map<string, string> {
  const copies = new Map<string, string>();
  for (const { key, copyPath } of databases) {
    const path = places.paths.get(key);
    if (path !== undefined && judged.get(key)?.verdict !== 'torn') copies.set(path, copyPath);
  }
  return copies;
}

function notesOnMembers({ table, excludedCount }: Collected): string[] {
  return [
    ...(table.hadAbsoluteNames ? ['names in it begin with "/": left out, as tar does'] : []),
    ...(excludedCount > 0 ? [`${excludedCount} members were left out by --exclude`] : []),
  ];
}

function skipped({ survey }: StoreJob, { id, snapshot }: StoredSnapshot): ImportedFile {
  const { container, time, timeSource } = survey;
  return {
    file: container.path,
    outcome: 'skipped',
    snapshotId: id,
    time,
    timeSource,
    places: [],
    tags: snapshot.tags ?? [],
    databases: [],
    fileCount: 0,
    sizeBytes: 0,
    storedBytes: 0,
    notes: [],
  };
}
