/** Stores one database: its captured image in page-aligned pieces, its facts for the manifest. */
import type { Clock } from '../base/clock.ts';
import { assertInternal, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import {
  captureImage,
  checkCapture,
  isDoubtful,
  type CapturedImage,
  type CaptureMethod,
  type CaptureWarning,
} from '../sqlite/capture.ts';
import type { ReadTexts } from '../sqlite/capture-changes.ts';
import type { DatabaseChecks } from '../sqlite/database-facts.ts';
import type { CaptureAhead } from '../sqlite/capture-ahead.ts';
import type { Gate } from '../sqlite/gate.ts';
import { readReferences } from '../sqlite/inspect.ts';
import { pageChunkSize } from '../sqlite/page-chunk.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import { carriedChecks, isCheckDue, type CheckPolicy } from './check-policy.ts';
import {
  collectNames,
  type FileReference,
  type KnownCheck,
  type NamedFiles,
} from './cross-check.ts';
import type { FolderNames } from './folder-names.ts';
import type { ManifestDatabase } from './manifest.ts';
import { savePages } from './save-pages.ts';

export interface CaptureSettings {
  readonly scratchFolder: string;
  /** Else one is started for the captures, and ends with them. */
  readonly gate?: Gate | undefined;
  /** Started while the files are read, once a database is met that was written to; ends with them. */
  readonly ahead?: CaptureAhead | undefined;
  readonly method?: CaptureMethod | undefined;
  readonly lockLimitMs?: number | undefined;
  readonly busyLimitMs?: number | undefined;
  /** When SQLite checks all of the image; default `daily`. */
  readonly check?: CheckPolicy | undefined;
  /** `integrity_check` instead of `quick_check`: indexes against their tables, too. */
  readonly fullIntegrity?: boolean | undefined;
  /** Where a database is that was moved away meanwhile. */
  readonly locate?: ((path: string) => string) | undefined;
}

/** A name that appeared and vanished between two captures that often is no accident of timing. */
const MAX_CAPTURES = 10;

export interface ArchiveDatabaseOptions extends CaptureSettings {
  readonly path: string;
  readonly configured: boolean;
  readonly store: BlobStore;
  readonly counts: ArchiveCounts;
  readonly clock: Clock;
  /** Of this database. */
  readonly references: readonly FileReference[];
  /** Other names of files of the same folders. */
  readonly among: FolderNames;
  /** About how large it is. */
  readonly sizeBytes: number;
  /** What the parent's manifest says. */
  readonly known?: ManifestDatabase | undefined;
  /** The parent snapshot's entry. */
  readonly previous?: Node | undefined;
  /**
   * Reads the named files that are not stored yet; returns the paths of those that are not there.
   * They were deleted after the capture, or they are missing in the app itself.
   */
  readonly rescue: (named: readonly NamedFiles[]) => Promise<ReadonlySet<string>>;
  /** Paths that were missing at the last backup already. */
  readonly knownMissing: ReadonlySet<string>;
  /** An image was taken that will be stored, unless a later one is. */
  readonly onImage?: (() => void) | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ArchivedDatabase {
  readonly manifest: ManifestDatabase;
  readonly content: readonly string[];
  readonly names: readonly NamedFiles[];
  /** Instead of `names`, when it was not read. */
  readonly known?: KnownCheck;
  readonly warnings: readonly CaptureWarning[];
  /** References that could not be read: the database is stored all the same. */
  readonly crossCheckProblems: readonly KeepsakeError[];
}

/**
 * Throws what `captureImage` throws; nothing of the database is in the snapshot then. An app that
 * deletes a row and its file just after the capture makes this one worthless: it is taken again.
 * So it is, by SQLite itself, where what was read raw looks damaged.
 */
export async function archiveDatabase(options: ArchiveDatabaseOptions): Promise<ArchivedDatabase> {
  const archived = await archiveUnlessDoubtful(options);
  if (archived !== undefined) return archived;
  const again = await archiveUnlessDoubtful({ ...options, method: 'backup' });
  assertInternal(again, 'a copy by SQLite was doubted');
  return again;
}

async function archiveUnlessDoubtful(
  options: ArchiveDatabaseOptions,
): Promise<ArchivedDatabase | undefined> {
  const missing = new Set(options.knownMissing);
  for (let left = MAX_CAPTURES; ; left -= 1) {
    await using captured = await capture(options);
    const { imagePath } = captured;
    const { names, problems } = await readNames(options, (references) =>
      readReferences(imagePath, references, options),
    );
    const lost = await options.rescue(names);
    // What a later capture still names was not deleted with its row: the app itself is without it.
    const raced = [...lost].some((path) => !missing.has(path));
    if (!raced || left === 1) {
      options.onImage?.();
      return await store(captured, { names, problems }, options);
    }
    for (const path of lost) missing.add(path);
  }
}

function capture(options: ArchiveDatabaseOptions): Promise<CapturedImage> {
  const { configured, scratchFolder, clock, gate, ahead, signal } = options;
  const { method, lockLimitMs, busyLimitMs } = options;
  const path = options.locate?.(options.path) ?? options.path;
  const how = { method, lockLimitMs, busyLimitMs };
  return captureImage({ path, configured, scratchFolder, clock, gate, ahead, signal, ...how });
}

async function store(
  captured: CapturedImage,
  { names, problems }: ReadNames,
  options: ArchiveDatabaseOptions,
): Promise<ArchivedDatabase | undefined> {
  const { sizeBytes, pageSize } = captured.contents;
  const chunkSizeBytes = pageChunkSize(sizeBytes, pageSize, options.known?.chunkSizeBytes);
  const { content, checks } = await saveChecked(captured, chunkSizeBytes, options);
  if (isDoubtful(captured, checks)) return undefined;
  const capturedAt = captured.capturedAt.toISOString();
  const known = { chunkSizeBytes, lastFullReadAt: capturedAt, checkedAt: capturedAt, ...checks };
  const manifest = manifestOf(captured, known, options);
  return { manifest, content, names, warnings: captured.warnings, crossCheckProblems: problems };
}

export function manifestOf(
  { contents, state, capturedAt, method, readLockMs }: CapturedImage,
  known: DatabaseChecks & Pick<ManifestDatabase, 'chunkSizeBytes' | 'lastFullReadAt' | 'checkedAt'>,
  { path, configured }: ArchiveDatabaseOptions,
): ManifestDatabase {
  return {
    path,
    configured,
    ...contents,
    capturedAt: capturedAt.toISOString(),
    captureMethod: method,
    readLockMs: Math.round(readLockMs),
    ...(state !== undefined && { state }),
    ...known,
  };
}

/** SQLite reads the image for its checks, in its own process, while the pieces are stored. */
async function saveChecked(
  captured: CapturedImage,
  pieceBytes: number,
  options: ArchiveDatabaseOptions,
): Promise<{ content: readonly string[]; checks: DatabaseChecks }> {
  const { imagePath, contents } = captured;
  const { known, previous, check: policy, clock } = options;
  const isDue = isCheckDue(contents, { policy, known, now: clock.now() });
  // Both have ended when either failure is thrown: the image is removed then.
  const [saved, checked] = await Promise.allSettled([
    savePages({
      ...options,
      imagePath,
      sizeBytes: contents.sizeBytes,
      pieceBytes,
      previous: known?.chunkSizeBytes === pieceBytes ? (previous?.content ?? []) : [],
      pageCount: isDue ? undefined : contents.pageCount,
    }),
    isDue ? checkCapture(captured, options) : undefined,
  ]);
  if (saved.status === 'rejected') throw saved.reason;
  if (checked.status === 'rejected') throw checked.reason;
  const { content, foundOdd } = saved.value;
  const carried = known === undefined || foundOdd ? undefined : carriedChecks(known);
  const checks = checked.value ?? carried ?? (await checkCapture(captured, options));
  return { content, checks };
}

export interface ReadNames {
  readonly names: NamedFiles[];
  readonly problems: KeepsakeError[];
}

/** A column the app has renamed is no reason to be without its database. */
export async function readNames(
  { path, references, among }: ArchiveDatabaseOptions,
  readTexts: ReadTexts,
): Promise<ReadNames> {
  const names: NamedFiles[] = [];
  const problems: KeepsakeError[] = [];
  for (const reference of references) {
    const { table, column } = reference;
    try {
      names.push(await collectNames(reference, readTexts([{ table, column }]), among));
    } catch (error) {
      if (!isKeepsakeError(error, 'DATABASE_COLUMN_MISSING')) throw error;
      problems.push(new KeepsakeError('DATABASE_COLUMN_MISSING', { path, table, column }));
    }
  }
  return { names, problems };
}
