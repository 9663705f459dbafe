/** Reads one file's content into the store. */
import type { Clock } from '../base/clock.ts';
import { Semaphore } from '../base/concurrency.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { timeToNs } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import type { Chunk, FileReading } from '../source/source.ts';
import { startsWithDatabaseMagic } from '../source/sqlite-files.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';

export interface SaveContentOptions {
  readonly store: BlobStore;
  readonly clock: Clock;
  readonly counts: ArchiveCounts;
  /** Bounds how many files are read at once; a file that is waited for holds no place. */
  readonly readers?: Semaphore | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly onProblem: (error: unknown) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How often a file that changes while it is read is read again. */
const MAX_READINGS = 3;

/**
 * Timestamps of the kernel move in ticks (4 ms at 250 Hz, at most 10 ms): a file written this
 * shortly before it was read may have been written again, or been half written, with the same times.
 */
export const TIMESTAMP_GUARD_MS = 50;

/** No file has it: whoever compares with this node looks into the file again. */
const NEVER_SETTLED = '1970-01-01T00:00:00Z';

/**
 * The file's node with its content, or `undefined` when it vanished or could not be read. A file
 * that changes under the reader, or did just before, is read again. One that never rests is kept as
 * last read, with a ctime that makes the next backup read it; it is reported if it changed during
 * the last reading. The next backup also looks again into what begins as a database: it may have
 * become one since it was looked at, and another backup may capture it.
 */
export async function saveContent(
  { path, reading }: { path: string; reading: FileReading },
  options: SaveContentOptions,
): Promise<Node | undefined> {
  const { clock, signal, onProblem, readers = new Semaphore(1) } = options;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await readers.run(() => readOnce(reading, options));
    if (outcome === undefined) return undefined;
    const { node, content, stillChanging, startedAt } = outcome;
    const { beginsAsDatabase } = outcome;
    if (!stillChanging && hasSettled(node, startedAt)) {
      return beginsAsDatabase ? { ...node, ctime: NEVER_SETTLED, content } : { ...node, content };
    }
    if (attempt === MAX_READINGS) {
      if (stillChanging) onProblem(new KeepsakeError('SOURCE_CHANGING', { path }));
      return { ...node, ctime: NEVER_SETTLED, content };
    }
    await clock.sleep(TIMESTAMP_GUARD_MS, { signal });
  }
}

/** Every write changes the ctime, and nothing sets it back. */
function hasSettled({ ctime }: Node, at: Date): boolean {
  const reading = { beganAt: at, endedAt: at };
  return isSettledWithin(reading, timeToNs(ctime) / 1_000_000n);
}

/**
 * Whether no tick of the guard falls into the time in which the file was read, whenever in it that
 * was. A ctime beyond comes from another clock than ours.
 */
export function isSettledWithin(
  { beganAt, endedAt }: { beganAt: Date; endedAt: Date },
  ctimeMs: bigint,
): boolean {
  const changedAtMs = Number(ctimeMs);
  return (
    changedAtMs <= beganAt.getTime() - TIMESTAMP_GUARD_MS ||
    changedAtMs >= endedAt.getTime() + TIMESTAMP_GUARD_MS
  );
}

interface ReadOutcome {
  readonly node: Node;
  readonly content: string[];
  readonly stillChanging: boolean;
  readonly beginsAsDatabase: boolean;
  readonly startedAt: Date;
}

async function readOnce(
  reading: FileReading,
  options: SaveContentOptions,
): Promise<ReadOutcome | undefined> {
  const { clock, signal, onProblem } = options;
  const content: string[] = [];
  let beginsAsDatabase = false;
  const startedAt = clock.now();
  try {
    for await (const chunk of reading.chunks(signal === undefined ? {} : { signal })) {
      if (content.length === 0) beginsAsDatabase = startsWithDatabaseMagic(chunk.bytes);
      await saveChunk(chunk, options);
      content.push(chunk.id);
    }
    return { ...(await reading.finish()), content, beginsAsDatabase, startedAt };
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
  const { isNew } = await store.saveBlob('data', id, bytes);
  if (isNew) {
    counts.dataBlobs += 1;
    counts.dataAdded += bytes.length;
  }
  onBytes?.(bytes.length);
}

/** Trouble with the file itself, as opposed to the repository. */
function isSourceError(error: unknown): error is KeepsakeError {
  return error instanceof KeepsakeError && error.code.startsWith('SOURCE_');
}
