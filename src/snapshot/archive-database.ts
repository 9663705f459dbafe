/** Stores one database: its captured image in page-aligned pieces, its facts for the manifest. */
import type { Clock } from '../base/clock.ts';
import { isKeepsakeError, type KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import { readPages } from '../source/page-reading.ts';
import { captureDatabase, type CapturedDatabase, type CaptureWarning } from '../sqlite/capture.ts';
import { readReferences } from '../sqlite/inspect.ts';
import { pageChunkSize } from '../sqlite/page-chunk.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import { collectNames, type FileReference, type NamedFiles } from './cross-check.ts';
import type { ManifestDatabase } from './manifest.ts';
import { saveChunk } from './save-content.ts';

export interface CaptureSettings {
  readonly scratchFolder: string;
  readonly lockLimitMs?: number | undefined;
  readonly busyLimitMs?: number | undefined;
}

export interface ArchiveDatabaseOptions extends CaptureSettings {
  readonly path: string;
  readonly configured: boolean;
  readonly store: BlobStore;
  readonly counts: ArchiveCounts;
  readonly clock: Clock;
  /** Of this database. */
  readonly references: readonly FileReference[];
  /** What the parent's manifest says; its piece size is kept. */
  readonly previousChunkSizeBytes?: number | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ArchivedDatabase {
  readonly manifest: ManifestDatabase;
  readonly content: readonly string[];
  readonly names: readonly NamedFiles[];
  readonly warnings: readonly CaptureWarning[];
  /** References that could not be read: the database is stored all the same. */
  readonly crossCheckProblems: readonly KeepsakeError[];
}

/** Throws what `captureDatabase` throws; nothing of the database is in the snapshot then. */
export async function archiveDatabase(options: ArchiveDatabaseOptions): Promise<ArchivedDatabase> {
  const { path, configured, scratchFolder, lockLimitMs, busyLimitMs, clock, signal } = options;
  await using captured = await captureDatabase({
    path,
    configured,
    scratchFolder,
    clock,
    ...(lockLimitMs === undefined ? {} : { lockLimitMs }),
    ...(busyLimitMs === undefined ? {} : { busyLimitMs }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { facts } = captured;
  const chunkSizeBytes = pageChunkSize(
    facts.sizeBytes,
    facts.pageSize,
    options.previousChunkSizeBytes,
  );
  const content = await savePages(captured, chunkSizeBytes, options);
  const { names, problems } = await readNames(captured, options.references);
  const manifest: ManifestDatabase = {
    path,
    configured,
    ...facts,
    chunkSizeBytes,
    capturedAt: captured.capturedAt.toISOString(),
    captureMethod: captured.method,
    readLockMs: Math.round(captured.readLockMs),
  };
  const { warnings } = captured;
  return { manifest, content, names, warnings, crossCheckProblems: problems };
}

async function savePages(
  captured: CapturedDatabase,
  chunkSizeBytes: number,
  options: ArchiveDatabaseOptions,
): Promise<string[]> {
  const content: string[] = [];
  const { signal } = options;
  for await (const chunk of readPages(captured.imagePath, { chunkSizeBytes, signal })) {
    await saveChunk(chunk, options);
    content.push(chunk.id);
  }
  return content;
}

/** A column the app has renamed is no reason to be without its database. */
async function readNames(
  captured: CapturedDatabase,
  references: readonly FileReference[],
): Promise<{ names: NamedFiles[]; problems: KeepsakeError[] }> {
  const names: NamedFiles[] = [];
  const problems: KeepsakeError[] = [];
  for (const reference of references) {
    const { table, column } = reference;
    try {
      const values = readReferences(captured.imagePath, [{ table, column }]);
      names.push(await collectNames(reference, values));
    } catch (error) {
      if (!isKeepsakeError(error, 'DATABASE_COLUMN_MISSING')) throw error;
      problems.push(error);
    }
  }
  return { names, problems };
}

/** The node of a database: where and whose it is on disk, with the captured state as content. */
export function databaseNode(node: Node, { manifest, content }: ArchivedDatabase): Node {
  return { ...node, size: manifest.sizeBytes, content };
}
