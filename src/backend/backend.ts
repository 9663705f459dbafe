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
 * `BACKEND_DENIED`, `BACKEND_UNREACHABLE` (retry later). An abort rejects with `signal.reason`, and
 * no new write starts after it.
 */
export interface Backend extends AsyncDisposable {
  /** For people and messages: a path or URL without secrets. */
  readonly location: string;
  /** How many calls are worth having under way at once. */
  readonly connections: number;

  /** Makes the place ready for a new repository. Fails if it cannot be written. Idempotent. */
  create(options?: CallOptions): Promise<void>;
  /** All or nothing, durable when it resolves, never overwrites. */
  save(handle: FileHandle, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  load(handle: FileHandle, options?: LoadOptions): Promise<Uint8Array>;
  stat(handle: FileHandle, options?: CallOptions): Promise<{ sizeBytes: number }>;
  /** Complete or an error: a listing that cannot go on throws. Order is free. */
  list(kind: FileKind, options?: CallOptions): AsyncIterable<ListedFile>;
  /** Removing what is not there is `BACKEND_FILE_NOT_FOUND`. */
  remove(handle: FileHandle, options?: CallOptions): Promise<void>;
}
