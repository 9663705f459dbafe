/** The first half of `verify`: restore everything, read it back, count what is there. */
import { joinPath } from '../base/raw-path.ts';
import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { FolderListing } from '../snapshot/cross-check.ts';
import { FolderTotals } from '../snapshot/folder-totals.ts';
import { hardLinkKey } from '../snapshot/hard-link-key.ts';
import { isOwnPath, type Manifest, type ManifestFolder } from '../snapshot/manifest.ts';
import { restoreSnapshot } from '../snapshot/restore.ts';
import { walkTree } from '../snapshot/tree-walk.ts';
import { verifyFiles } from '../snapshot/verify-files.ts';
import { hasDatabaseMagic } from '../source/sqlite-files.ts';
import type { OpenSnapshot } from './open-snapshot.ts';
import type { Difference, Judgement, VerifyEvent } from './verify-input.ts';
import type { Workbench } from './workbench.ts';

/** What was read back and is right. */
export class RestoredFiles {
  fileCount = 0;
  sizeBytes = 0;
  /** Paths of databases: those of the manifest, else what begins as one does. */
  readonly databases: string[];
  readonly listing: FolderListing;
  readonly #target: string;
  readonly #manifest: Manifest | undefined;
  readonly #known: ReadonlySet<string>;
  readonly #totals: FolderTotals;

  constructor(target: string, manifest: Manifest | undefined) {
    this.#target = target;
    this.#manifest = manifest;
    this.databases = (manifest?.databases ?? []).map(({ path }) => path);
    this.#known = new Set(this.databases);
    this.#totals = new FolderTotals((manifest?.files ?? []).map(({ path }) => path));
    const folders = (manifest?.orphans ?? []).map(({ folder }) => folder);
    this.listing = new FolderListing(folders);
  }

  note(path: string, sizeBytes: number): void {
    this.fileCount += 1;
    this.sizeBytes += sizeBytes;
    if (this.#manifest === undefined && hasDatabaseMagic(this.placeOf(path))) {
      this.databases.push(path);
    }
    if (this.#known.has(path) || isOwnPath(path)) return;
    this.#totals.note(path, sizeBytes);
    this.listing.note(path);
  }

  placeOf(path: string): string {
    return joinPath(this.#target, path.slice(1));
  }

  totals(): ManifestFolder[] {
    return this.#totals.totals();
  }
}

/** Bytes the restored files will have; folders that cannot be read count as empty here. */
export async function measureTree(
  { repository, treeId }: OpenSnapshot,
  { signal }: { signal: AbortSignal | undefined },
): Promise<number> {
  let sizeBytes = 0;
  const links = new Set<string>();
  for await (const step of walkTree(repository, treeId, { signal, damage: 'step' })) {
    if (step.phase !== 'leaf') continue;
    const key = hardLinkKey(step.node);
    if (key !== undefined && links.has(key)) continue;
    if (key !== undefined) links.add(key);
    sizeBytes += step.node.size ?? 0;
  }
  return sizeBytes;
}

export interface ContentJob {
  readonly open: OpenSnapshot;
  readonly target: string;
  readonly files: RestoredFiles;
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Default: Keepsake's own restore. */
  readonly restore?: RestoreStep | undefined;
}

/** Notes in `failed` what could not be restored. */
export type RestoreStep = (failed: Map<string, KeepsakeError>) => AsyncGenerator<VerifyEvent>;

export async function* judgeContent(
  workbench: Workbench,
  job: ContentJob,
): AsyncGenerator<VerifyEvent, Judgement> {
  const failed = new Map<string, KeepsakeError>();
  yield* job.restore?.(failed) ?? restoreByKeepsake(workbench, job, failed);
  yield* readBack(job, failed);
  const { fileCount, sizeBytes } = job.files;
  const differences = [...failed].map(([path, { message }]): Difference => ({
    what: path,
    actual: message,
  }));
  return { check: 'content', item: '/', fileCount, sizeBytes, differences };
}

export async function* restoreByKeepsake(
  { clock, random }: Workbench,
  { open, target, sizeBytes, signal }: ContentJob,
  failed: Map<string, KeepsakeError>,
): AsyncGenerator<VerifyEvent> {
  const { repository: reader, treeId } = open;
  // In a private folder that is removed again, whose the files are does not matter.
  const options = { reader, treeId, target, owners: false, clock, random, signal };
  for await (const event of restoreSnapshot(options)) {
    if (event.kind === 'progress') {
      const doneBytes = event.totals.bytesRestored;
      yield { kind: 'progress', phase: 'restoring', doneBytes, sizeBytes };
    } else if (event.kind === 'warning' && event.about === 'size') {
      yield { kind: 'warning', path: event.path, message: event.message };
    } else if (event.kind === 'error') {
      // Metadata is not what is judged here, and a scratch file system may not take all of it.
      if (event.error.code === 'RESTORE_METADATA_FAILED') continue;
      failed.set(event.path, event.error);
      yield { kind: 'item-error', path: event.path, error: event.error };
    }
  }
}

async function* readBack(
  { open, target, files, sizeBytes, signal }: ContentJob,
  failed: Map<string, KeepsakeError>,
): AsyncGenerator<VerifyEvent> {
  const { repository: reader, treeId } = open;
  const select = (path: string) => !failed.has(path);
  for await (const event of verifyFiles({ reader, treeId, target, select, signal })) {
    if (event.kind === 'equal') {
      files.note(event.path, event.sizeBytes);
      const doneBytes = files.sizeBytes;
      yield { kind: 'progress', phase: 'comparing', doneBytes, sizeBytes };
    } else if (!failed.has(event.path)) {
      failed.set(event.path, event.error);
      yield { kind: 'item-error', path: event.path, error: event.error };
    }
  }
}

/** Files and bytes below each path of the backup, as read back, against the manifest. */
export function* judgeCounts(manifest: Manifest, files: RestoredFiles): Generator<Judgement> {
  const found = new Map(files.totals().map((folder) => [folder.path, folder]));
  for (const { path, fileCount, sizeBytes } of manifest.files) {
    const actual = found.get(path) ?? { fileCount: 0, sizeBytes: 0 };
    const differences: Difference[] = [
      { what: 'files', expected: fileCount, actual: actual.fileCount },
      { what: 'bytes', expected: sizeBytes, actual: actual.sizeBytes },
    ].filter(({ expected, actual: was }) => expected !== was);
    const counts = { fileCount: actual.fileCount, sizeBytes: actual.sizeBytes };
    yield { check: 'counts', item: path, ...counts, differences };
  }
}
