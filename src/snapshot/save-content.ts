/** Reads one file's content into the store. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import type { Chunk, FileReading } from '../source/source.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';

export interface SaveContentOptions {
  readonly store: BlobStore;
  readonly counts: ArchiveCounts;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly onProblem: (error: unknown) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How often a file that changes while it is read is read again. */
const MAX_READINGS = 3;

/**
 * The file's node with its content, or `undefined` when it vanished or could not be read. A file
 * that changes under the reader is read again; one that never rests is kept as last read, and
 * reported.
 */
export async function saveContent(
  { path, reading }: { path: string; reading: FileReading },
  options: SaveContentOptions,
): Promise<Node | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const content = await readOnce(reading, options);
    if (content === undefined) return undefined;
    const { node, stillChanging } = await reading.finish();
    if (stillChanging && attempt < MAX_READINGS) continue;
    if (stillChanging) options.onProblem(new KeepsakeError('SOURCE_CHANGING', { path }));
    return { ...node, content };
  }
}

async function readOnce(
  reading: FileReading,
  options: SaveContentOptions,
): Promise<string[] | undefined> {
  const { signal, onProblem } = options;
  const content: string[] = [];
  try {
    for await (const chunk of reading.chunks(signal === undefined ? {} : { signal })) {
      await saveChunk(chunk, options);
      content.push(chunk.id);
    }
    return content;
  } catch (error) {
    signal?.throwIfAborted();
    if (!isSourceError(error)) throw error;
    // A file that is gone by the time it is read is the app's business, and normal.
    if (error.code !== 'SOURCE_VANISHED') onProblem(error);
    return undefined;
  }
}

/** Stores one chunk and counts what it added. */
export async function saveChunk(
  { id, bytes }: Chunk,
  { store, counts, onBytes }: Pick<SaveContentOptions, 'store' | 'counts' | 'onBytes'>,
): Promise<void> {
  const { isNew, storedBytes } = await store.saveBlob('data', id, bytes);
  if (isNew) {
    counts.dataBlobs += 1;
    counts.dataAdded += bytes.length;
    counts.dataAddedPacked += storedBytes;
  }
  onBytes?.(bytes.length);
}

/** Trouble with the file itself, as opposed to the repository. */
function isSourceError(error: unknown): error is KeepsakeError {
  return error instanceof KeepsakeError && error.code.startsWith('SOURCE_');
}
