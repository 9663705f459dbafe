/**
 * Keeps index files, snapshot files and tree packs in a local folder (`cache-folder.ts`), so that a
 * run over the network reads them once. Data packs pass through. Snapshot and index files, and packs
 * whose handle says `content: 'tree'`, are kept when saved and when first loaded, packs whole.
 *
 * The cache never decides: names come from the store's listing, bytes are checked by their hash, and
 * when the cache folder fails the store goes on alone.
 */
import type { Clock, Random } from '../base/clock.ts';
import type {
  Backend,
  CallOptions,
  FileHandle,
  FileKind,
  ListedFile,
  LoadOptions,
} from './backend.ts';
import { sliceRange } from './byte-range.ts';
import { CacheFolder, type CachedKind } from './cache-folder.ts';
import { nodeFileLayer, type FileLayer } from './file-layer.ts';
import { handlePath } from './layout.ts';
import { WrappedBackend } from './wrapped-backend.ts';

export interface CacheOptions {
  /** Holds the caches of all repositories; made if missing. */
  readonly folder: string;
  readonly repositoryId: string;
  readonly fileLayer?: FileLayer | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of the first failure only; afterwards nothing more is written to the cache. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

export function withCache(backend: Backend, options: CacheOptions): Backend {
  return new CacheBackend(backend, options);
}

class CacheBackend extends WrappedBackend {
  readonly #cache: CacheFolder;
  readonly #onFailure: (error: unknown) => void;
  readonly #loading = new Map<string, Promise<unknown>>();
  #prepared: Promise<void> | undefined;
  #writable = true;

  constructor(inner: Backend, options: CacheOptions) {
    super(inner);
    this.#cache = new CacheFolder(options.folder, options.repositoryId, {
      layer: options.fileLayer ?? nodeFileLayer,
      clock: options.clock,
      random: options.random,
    });
    this.#onFailure = options.onFailure ?? (() => {});
  }

  override async save(handle: FileHandle, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    await this.inner.save(handle, bytes, options);
    if (isCached(handle)) await this.#keep(handle, bytes);
  }

  override async load(handle: FileHandle, options: LoadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    if (!isCached(handle)) return this.inner.load(handle, options);
    const file = handlePath(handle);
    await this.#attempt(async () => {}); // marks the cache as used
    for (;;) {
      const cached = await this.#cache.read(handle, options);
      if (cached !== undefined) return cached;
      if (!this.#writable) return this.inner.load(handle, options);
      const underWay = this.#loading.get(file);
      if (underWay === undefined) break;
      await underWay;
      options.signal?.throwIfAborted();
    }
    const loading = this.#loadAndKeep(handle, options);
    const forget = (): unknown => this.#loading.delete(file);
    this.#loading.set(file, loading.then(forget, forget));
    return loading;
  }

  override async *list(kind: FileKind, options?: CallOptions): AsyncGenerator<ListedFile> {
    if (!isCachedKind(kind)) {
      yield* this.inner.list(kind, options);
      return;
    }
    const names = new Set<string>();
    for await (const file of this.inner.list(kind, options)) {
      names.add(file.name);
      yield file;
    }
    await this.#attempt(() => this.#cache.keepOnly(kind, names));
  }

  override async remove(handle: FileHandle, options?: CallOptions): Promise<void> {
    await this.inner.remove(handle, options);
    if (isCachedKind(handle.kind)) await this.#attempt(() => this.#cache.remove(handle));
  }

  async #loadAndKeep(handle: FileHandle, options: LoadOptions): Promise<Uint8Array> {
    const bytes = await this.inner.load(handle, { signal: options.signal });
    await this.#keep(handle, bytes);
    return sliceRange(bytes, options, { location: this.location, file: handlePath(handle) });
  }

  async #keep(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    await this.#attempt(() => this.#cache.write(handle, bytes));
  }

  /** The cache's own failures are told once and hurt nobody; what it has is still read. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    if (!this.#writable) return;
    try {
      this.#prepared ??= this.#cache.prepare();
      await this.#prepared;
      await work();
    } catch (error) {
      if (this.#writable) this.#onFailure(error);
      this.#writable = false;
    }
  }
}

function isCachedKind(kind: FileKind): kind is CachedKind {
  return kind === 'snapshot' || kind === 'index' || kind === 'pack';
}

function isCached({ kind, content }: FileHandle): boolean {
  return kind === 'snapshot' || kind === 'index' || (kind === 'pack' && content === 'tree');
}
