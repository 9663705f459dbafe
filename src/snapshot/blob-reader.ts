import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { NodeList } from '../format/node.ts';
import type { FileWrites } from '../host/new-files.ts';

export type BlobType = 'tree' | 'data';

/** What reading a snapshot needs of a repository. */
export interface BlobReader {
  /** The blob's bytes, proved by their hash. Throws when it is missing or damaged. */
  loadBlob(
    type: BlobType,
    id: string,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<Uint8Array>;
  /**
   * The nodes of a tree, proved by its hash and all looked at before the first is given: as
   * `decodeTree` of what `loadBlob` gives, which serves where this is absent.
   */
  loadTree?(id: string, options?: ReadOptions): Promise<NodeList>;
  /** Length of the blob as `loadBlob` would give it, from the index; `undefined` if not known. */
  blobSizeBytes?(type: BlobType, id: string): number | undefined;
  /** Where the blob lies, to read in the order of the packs. */
  locateBlob?(type: BlobType, id: string): { packId: string; offset: number } | undefined;
  /** For reading many blobs; absent where `loadBlob` is all there is. */
  startReading?(): BlobReading;
}

/**
 * Data blobs that will be asked for, loaded together where they lie together. The bytes are good
 * until the next turn of the event loop: whoever waits in between must have used them.
 */
export interface BlobSupply {
  /** The blob's bytes if they are at hand, proved by their hash. */
  held(id: string): Uint8Array | undefined;
  /** As `loadBlob`. */
  load(id: string, options?: ReadOptions): Promise<Uint8Array>;
  /** Length of a blob, where it is known without loading it. */
  sizeBytes(id: string): number | undefined;
  /** Each planned blob once, in the order in which they are had fastest. */
  inPackOrder(): Iterable<string>;
}

/** Blobs that lie together. */
export interface BlobRun {
  readonly blobs: readonly { readonly id: string }[];
  /** Their lengths together. */
  readonly plaintextBytes: number;
}

export interface BlobReading extends AsyncDisposable {
  /** @param ids data blobs, each as often as it will be asked for */
  plan(ids: Iterable<string>): BlobSupply;
  /** Runs that hold these data blobs between them; of some blobs nothing may be known. */
  planRuns(ids: Iterable<string>): readonly BlobRun[];
  /**
   * Writes the blobs of a run, which are the pieces of `writes`, once they are proved. Gives what
   * `writeFiles` gives, nothing if the run cannot be had. An open file must stay open until then.
   */
  writeRun(
    run: BlobRun,
    writes: FileWrites,
    options?: ReadOptions,
  ): Promise<Uint8Array | undefined>;
}

export interface ReadOptions {
  signal?: AbortSignal | undefined;
}

/** As `loadBlob` of a data blob, with the file named in the error. */
export async function loadFileBlob(
  reader: BlobReader,
  { path, id }: { path: string; id: string },
  { signal }: ReadOptions = {},
): Promise<Uint8Array> {
  return namingFile({ path, id, signal }, () => reader.loadBlob('data', id, { signal }));
}

/** As `supply.load`, with the file named in the error. */
export async function loadSupplied(
  supply: BlobSupply,
  { path, id }: { path: string; id: string },
  { signal }: ReadOptions = {},
): Promise<Uint8Array> {
  return namingFile({ path, id, signal }, () => supply.load(id, { signal }));
}

async function namingFile(
  { path, id, signal }: { path: string; id: string } & ReadOptions,
  load: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  try {
    return await load();
  } catch (cause) {
    rethrowIfGeneral(cause, signal);
    const why = describeCause(cause);
    throw new KeepsakeError('SNAPSHOT_BLOB_UNREADABLE', { path, blobId: id, why }, { cause });
  }
}

/** Reads each blob by itself. */
export function readingSingly(reader: BlobReader): BlobReading {
  return {
    plan: (ids) => ({
      held: () => undefined,
      load: (id, options) => reader.loadBlob('data', id, options),
      sizeBytes: (id) => reader.blobSizeBytes?.('data', id),
      inPackOrder: () => new Set(ids),
    }),
    planRuns: () => [],
    writeRun: () => Promise.resolve(undefined),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Length of a data blob: from the index where that knows it, else by loading it. */
export async function fileBlobSize(
  reader: BlobReader,
  blob: { path: string; id: string },
  options: ReadOptions = {},
): Promise<number> {
  const known = reader.blobSizeBytes?.('data', blob.id);
  return known ?? (await loadFileBlob(reader, blob, options)).length;
}

/** Passes on what concerns the whole run, not one blob: an abort, a storage out of reach. */
export function rethrowIfGeneral(error: unknown, signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
  if (isKeepsakeError(error) && concernsTheRun(error)) throw error;
}

function concernsTheRun({ exitCode, retry }: KeepsakeError): boolean {
  return retry === 'later' || exitCode === ExitCode.unreachable || exitCode === ExitCode.cancelled;
}
