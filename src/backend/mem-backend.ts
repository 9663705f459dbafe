/** Storage in memory: for dry runs and tests, with the same behaviour as a disk. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Backend, FileHandle, FileKind, ListedFile } from './backend.ts';
import { sliceRange } from './byte-range.ts';
import { handlePath, kindFolder } from './layout.ts';

export interface MemBackend extends Backend {
  /** An independent copy of the present state. */
  clone(): MemBackend;
  /** The present state by place (`data/3f/3f2a…`), for comparing two moments. */
  files(): ReadonlyMap<string, Uint8Array>;
  /** Damage on purpose: puts other bytes in a file's place, or takes it away (`undefined`). */
  tamper(handle: FileHandle, bytes: Uint8Array | undefined): void;
}

export function createMemBackend(): MemBackend {
  return memBackendOver(new Map());
}

const LOCATION = 'memory';

function memBackendOver(files: Map<string, Uint8Array>): MemBackend {
  const get = (handle: FileHandle): Uint8Array => {
    const file = handlePath(handle);
    const bytes = files.get(file);
    if (bytes !== undefined) return bytes;
    throw new KeepsakeError('BACKEND_FILE_NOT_FOUND', { location: LOCATION, file });
  };
  return {
    location: LOCATION,
    connections: 4,
    async create({ signal } = {}) {
      signal?.throwIfAborted();
    },
    async save(handle, bytes, { signal } = {}) {
      signal?.throwIfAborted();
      const file = handlePath(handle);
      if (files.has(file))
        throw new KeepsakeError('BACKEND_FILE_EXISTS', { location: LOCATION, file });
      files.set(file, new Uint8Array(bytes)); // not slice: a Buffer’s shares memory
    },
    async load(handle, options = {}) {
      options.signal?.throwIfAborted();
      const place = { location: LOCATION, file: handlePath(handle) };
      return new Uint8Array(sliceRange(get(handle), options, place));
    },
    async stat(handle, { signal } = {}) {
      signal?.throwIfAborted();
      return { sizeBytes: get(handle).byteLength };
    },
    async *list(kind, { signal } = {}) {
      for (const file of listed(files, kind)) {
        signal?.throwIfAborted();
        yield file;
      }
    },
    listsAtOnce: () => Promise.resolve(true),
    async remove(handle, { signal } = {}) {
      signal?.throwIfAborted();
      get(handle);
      files.delete(handlePath(handle));
    },
    clone: () => memBackendOver(new Map(files)),
    files: () => new Map(files),
    tamper(handle, bytes) {
      if (bytes === undefined) files.delete(handlePath(handle));
      else files.set(handlePath(handle), new Uint8Array(bytes));
    },
    async [Symbol.asyncDispose]() {},
  };
}

function listed(files: ReadonlyMap<string, Uint8Array>, kind: FileKind): ListedFile[] {
  if (kind === 'config') {
    const config = files.get('config');
    return config === undefined ? [] : [{ name: '', sizeBytes: config.byteLength }];
  }
  const prefix = `${kindFolder(kind)}/`;
  return [...files]
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, bytes]) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      sizeBytes: bytes.byteLength,
    }));
}
