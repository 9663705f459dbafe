/**
 * An open repository: documents, blobs, index and locks behind one handle. Everything that is
 * written goes through here, so that order and durability (design §3.3) are kept in one place.
 */
import type { Backend, CallOptions } from '../backend/backend.ts';
import type { Clock, Random } from '../base/clock.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import {
  assertInternal,
  isKeepsakeError,
  type KeepsakeError,
} from '../base/errors/keepsake-error.ts';
import type { CompressionMode } from '../format/compression.ts';
import type { RepositoryConfig } from '../format/config-file.ts';
import type { MasterKey } from '../format/crypto.ts';
import { INDEX_MAX_BLOBS } from '../format/index-file.ts';
import { decodeLargeTree, LARGE_TREE_BYTES, type TreeBytes } from '../format/large-tree.ts';
import type { NodeList } from '../format/node.ts';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../format/snapshot-file.ts';
import { decodeTree } from '../format/tree.ts';
import { BlobIndex, type BlobType } from './blob-index.ts';
import { BlobLoader } from './blob-loader.ts';
import { BlobReading } from './blob-reading.ts';
import { BlobSaver, type SaveResult } from './blob-saver.ts';
import { RunOpener } from './run-opener.ts';
import { SharedSealer } from './shared-sealer.ts';
import type { LargeBlob } from './large-blob.ts';
import type { FileSealing } from './file-sealing.ts';
import { loadIndex } from './index-loader.ts';
import type { HeldLock, LockDependencies } from './held-lock.ts';
import { acquireLock, type LockOptions } from './lock.ts';
import type { RepositoryParts } from './repository-parts.ts';
import { decodeNamed, SealedFiles } from './sealed-files.ts';

export interface StoredSnapshot {
  readonly id: string;
  readonly snapshot: Snapshot;
}

export interface WritingOptions {
  readonly compression?: CompressionMode | undefined;
  /** Packs are closed when they reach it. restic's default: 16 MiB. */
  readonly packSizeBytes?: number | undefined;
  /** Count what would be stored, and write nothing. */
  readonly dryRun?: boolean | undefined;
  /** Of the worker, if it is to do more than to seal (`serveSealing`). */
  readonly workerModule?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_PACK_SIZE_BYTES = 16 << 20;
/**
 * Packs on their way to the store at once; each is held in memory whole, as is the one being filled.
 * The steps of one wait for this thread, which seals: with two, pictures are stored a quarter faster.
 */
const UPLOADS_AT_ONCE = 2;
/** restic's smallest. */
const SMALL_PACK_BYTES = 4 << 20;
const SMALL_INDEX_BLOBS = 5000;

export class Repository {
  readonly backend: Backend;
  readonly config: RepositoryConfig;
  readonly master: MasterKey;
  /** Name of the key file this was opened with. */
  readonly keyId: string;
  readonly files: SealedFiles;
  readonly index = new BlobIndex();
  readonly #parts: RepositoryParts;
  readonly #loader: BlobLoader;
  #saver: BlobSaver | undefined;
  #fileSealing: FileSealing | undefined;
  #lock: HeldLock | undefined;
  #opener: RunOpener | undefined;

  constructor(parts: RepositoryParts) {
    const { backend, config, master, keyId, random } = parts;
    this.#parts = parts;
    this.backend = backend;
    this.config = config;
    this.master = master;
    this.keyId = keyId;
    this.files = new SealedFiles({ backend, master, version: config.version, random });
    this.#loader = new BlobLoader(backend, this.index, master);
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  get random(): Random {
    return this.#parts.random;
  }

  get lockDependencies(): LockDependencies {
    const { backend, clock, random, self } = this.#parts;
    return { backend, files: this.files, clock, random, self };
  }

  /** Takes a lock and keeps it fresh until disposed. Writes refuse to go on when it was lost. */
  async lock(options: LockOptions): Promise<AsyncDisposable> {
    const held = await acquireLock(this.lockDependencies, options);
    this.#lock = held;
    return {
      [Symbol.asyncDispose]: async () => {
        this.#lock = undefined;
        await held[Symbol.asyncDispose]();
      },
    };
  }

  assertWritable(): void {
    this.#lock?.assertFresh();
  }

  /**
   * Reads every index file. An index that cannot be read is an error: half an index lies. Snapshots
   * are to be listed first: of one that a backup beside us adds later, this index knows nothing.
   */
  async loadIndex(options: CallOptions = {}): Promise<void> {
    const { backend, files, index } = this;
    await loadIndex({ backend, files, index, copies: this.#parts.indexCopies }, options);
  }

  /**
   * A pack that did not give the blob counts no longer as holding anything: what a backup finds to
   * be in such packs only, it stores anew.
   */
  loadBlob(type: BlobType, id: string, options: CallOptions = {}): Promise<Uint8Array> {
    return this.#distrusting(type, id, () => this.#loader.load(type, id, options));
  }

  /**
   * The nodes of a tree, proved by their hash and all looked at, before the first is given. Throws
   * what `loadBlob` and `decodeTree` throw.
   */
  async loadTree(id: string, options: CallOptions = {}): Promise<NodeList> {
    const isLarge = (this.blobSizeBytes('tree', id) ?? 0) > LARGE_TREE_BYTES;
    if (!isLarge) return decodeTree(await this.loadBlob('tree', id, options));
    return decodeLargeTree(await this.loadTreeBytes(id, options));
  }

  /** A tree's bytes, proved by their hash, that stay in memory as they are stored. */
  loadTreeBytes(id: string, options: CallOptions = {}): Promise<TreeBytes> {
    return this.#distrusting('tree', id, () => this.#loader.loadLarge('tree', id, options));
  }

  async #distrusting<T>(type: BlobType, id: string, load: () => Promise<T>): Promise<T> {
    try {
      return await load();
    } catch (error) {
      if (isKeepsakeError(error, 'REPOSITORY_BLOB_DAMAGED')) {
        for (const { packId } of this.index.findAll(type, id)) this.index.distrust(packId);
      }
      throw error;
    }
  }

  /**
   * To be called before the index is loaded, by who will read about so many bytes of data after it.
   * Dispose what it gives at the end, whether reading was started or not.
   */
  prepareReading(sizeBytes: number): AsyncDisposable {
    this.#opener = new RunOpener(this.master, { alone: this.#parts.lowMemory });
    this.#opener.expect(sizeBytes);
    return this.#opener;
  }

  /** Data blobs in quantity. */
  startReading(): BlobReading {
    const { backend, index } = this;
    return new BlobReading({ backend, index, loader: this.#loader, opener: this.takeOpener() });
  }

  /** The one of `prepareReading`, once; else a new one. The taker disposes it. */
  takeOpener(): RunOpener {
    const opener = this.#opener ?? new RunOpener(this.master, { alone: this.#parts.lowMemory });
    this.#opener = undefined;
    return opener;
  }

  /** Length of a blob's plaintext, from the index. */
  blobSizeBytes(type: BlobType, id: string): number | undefined {
    return this.index.plaintextBytes(type, id);
  }

  locateBlob(type: BlobType, id: string): { packId: string; offset: number } | undefined {
    return this.index.find(type, id);
  }

  /** Begins storing blobs; ends with `flush`, or with `abandon` after a failure. */
  startWriting(options: WritingOptions = {}): BlobSaver {
    const { backend, config, master, clock, random, lowMemory = false } = this.#parts;
    const { compression = 'auto', packSizeBytes = DEFAULT_PACK_SIZE_BYTES } = options;
    const settings = { master, version: config.version, compression };
    const sealer = new SharedSealer({
      settings,
      random,
      workerModule: options.workerModule,
      alone: lowMemory,
    });
    const saver = new BlobSaver({
      backend,
      dryRun: options.dryRun ?? false,
      settings,
      clock,
      random,
      files: this.files,
      index: this.index,
      indexCopies: this.#parts.indexCopies,
      sealer,
      packSizeBytes: lowMemory ? Math.min(packSizeBytes, SMALL_PACK_BYTES) : packSizeBytes,
      indexMaxBlobs: lowMemory ? SMALL_INDEX_BLOBS : INDEX_MAX_BLOBS,
      uploadsAtOnce: lowMemory ? 1 : UPLOADS_AT_ONCE,
      assertWritable: () => this.assertWritable(),
      signal: options.signal,
    });
    this.#saver = saver;
    this.#fileSealing = {
      here: sealer.here,
      polynomial: this.config.chunkerPolynomial,
      expect: (workBytes) => sealer.expect(workBytes),
      run: (task, workBytes) => sealer.run(task, workBytes),
      add: (blob) => saver.add('data', blob),
      sendAhead: () => saver.sendAhead(),
      ready: () => saver.ready(),
    };
    return saver;
  }

  /** For those who seal whole files by themselves; there after `startWriting`. */
  get fileSealing(): FileSealing | undefined {
    return this.#fileSealing;
  }

  #writing(): BlobSaver {
    assertInternal(this.#saver, 'a blob was saved before startWriting');
    return this.#saver;
  }

  hasBlob(type: BlobType, id: string): boolean {
    return this.#saver?.has(type, id) ?? this.index.has(type, id);
  }

  saveBlob(type: BlobType, id: string, plaintext: Uint8Array): Promise<SaveResult> {
    return this.#writing().save(type, id, plaintext);
  }

  saveLargeBlob(type: BlobType, blob: LargeBlob): Promise<SaveResult> {
    return this.#writing().saveLarge(type, blob);
  }

  /** Call after `flush`: a snapshot must never name what is not durable and indexed. */
  async saveSnapshot(snapshot: Snapshot, options: CallOptions = {}): Promise<string> {
    this.assertWritable();
    return this.files.save('snapshot', encodeSnapshot(snapshot), options);
  }

  async loadSnapshot(id: string, options: CallOptions = {}): Promise<Snapshot> {
    const bytes = await this.files.load('snapshot', id, options);
    return decodeNamed({ kind: 'snapshot', name: id }, bytes, decodeSnapshot);
  }

  /**
   * Every snapshot, oldest first. A damaged file is handed to `onDamage` and left out; without
   * `onDamage` it is an error.
   */
  async loadSnapshots(
    options: CallOptions & { onDamage?: ((error: KeepsakeError) => void) | undefined } = {},
  ): Promise<StoredSnapshot[]> {
    const { backend } = this;
    const load = async ({ name }: { name: string }): Promise<StoredSnapshot | undefined> => {
      try {
        return { id: name, snapshot: await this.loadSnapshot(name, options) };
      } catch (error) {
        const damaged = isKeepsakeError(error, 'REPOSITORY_FILE_DAMAGED');
        if (!damaged || options.onDamage === undefined) throw error;
        options.onDamage(error as KeepsakeError);
        return undefined;
      }
    };
    const found: StoredSnapshot[] = [];
    const limits = { limit: backend.connections, signal: options.signal };
    for await (const stored of mapConcurrent(backend.list('snapshot', options), load, limits)) {
      if (stored !== undefined) found.push(stored);
    }
    return found.sort(
      (a, b) => Date.parse(a.snapshot.time) - Date.parse(b.snapshot.time) || (a.id < b.id ? -1 : 1),
    );
  }
}
