/**
 * Where repository files live: the one interface of all storage.
 *
 * A repository file is one whole byte array, immutable once saved, and named by the SHA-256 of its
 * bytes (`config` excepted), so that it can be sent again after a failure. Inside a backend there is
 * no retry, no cache and no logging: wrappers do that.
 */

export type FileKind = 'config' | 'key' | 'lock' | 'snapshot' | 'index' | 'pack';

export interface FileHandle {
  readonly kind: FileKind;
  /** 64 hex digits; empty for `config`, of which there is one. */
  readonly name: string;
  /** Of a pack: which blobs it holds. A hint for caches; no part of the file's identity. */
  readonly content?: 'tree' | 'data' | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface LoadOptions extends CallOptions {
  offsetBytes?: number | undefined;
  /** Absent: up to the end. A file that ends sooner is `BACKEND_SHORT_FILE`, never short bytes. */
  lengthBytes?: number | undefined;
}

export interface ListedFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * Contract, proved by `backend-suite.ts` for every backend and wrapper. Errors come classified by
 * code: `BACKEND_FILE_NOT_FOUND`, `BACKEND_FILE_EXISTS`, `BACKEND_SHORT_FILE`, `BACKEND_FULL`,
 * `BACKEND_DENIED`, `BACKEND_UNREACHABLE` (retry later), `BACKEND_LOCATION_MISSING` (the whole place
 * is not there). An abort rejects with `signal.reason`, and no new write starts after it.
 */
export interface Backend extends AsyncDisposable {
  /** For people and messages: a path or URL without secrets. */
  readonly location: string;
  /** How many calls are worth having under way at once. */
  readonly connections: number;

  /** Makes the place ready for a new repository. Fails if it cannot be written. Idempotent. */
  create(options?: CallOptions): Promise<void>;
  /**
   * All or nothing, durable when it resolves, never overwrites: `BACKEND_FILE_EXISTS`, and what is
   * there is then durable too. `bytes` must not change until it settles.
   */
  save(handle: FileHandle, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /** The bytes are the caller's own: nobody else reads or changes them later. */
  load(handle: FileHandle, options?: LoadOptions): Promise<Uint8Array>;
  stat(handle: FileHandle, options?: CallOptions): Promise<{ sizeBytes: number }>;
  /**
   * Complete or an error: a listing that cannot go on throws. Order is free. It holds every file
   * that was there from its beginning to its end, and never a part of a save.
   */
  list(kind: FileKind, options?: CallOptions): AsyncIterable<ListedFile>;
  /**
   * Whether a listing that begins once a save has ended holds that file, whichever process asks.
   * Absent: it may lag behind, as that of an object store or a network file system. Locks are then
   * taken with a wait between writing and looking (docs/data-safety.md).
   */
  listsAtOnce?(): Promise<boolean>;
  /**
   * Removing what is not there is `BACKEND_FILE_NOT_FOUND`. Of `config`, `key`, `snapshot` and
   * `index` the removal is durable when it resolves, so that what they name may be removed next.
   */
  remove(handle: FileHandle, options?: CallOptions): Promise<void>;
  /**
   * Removes what saves that were cut off left behind before `before`, and resolves with how many
   * files that were. Only of files this program named itself. Absent where nothing can be left.
   */
  removeLeftovers?(before: Date, options?: CallOptions): Promise<number>;
}
