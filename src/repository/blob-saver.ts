/**
 * Saves new blobs: seal → pack → upload → index, in that order, each durable before the next
 * (design §3.3). A blob that the index or a pack under way has already is not stored again.
 */
import type { Backend } from '../backend/backend.ts';
import { releaseMemory } from '../base/bytes.ts';
import type { Clock, Random } from '../base/clock.ts';
import { Semaphore } from '../base/concurrency.ts';
import { NONCE_BYTES } from '../format/crypto.ts';
import { encodeIndexFile, type IndexedPack } from '../format/index-file.ts';
import { headerEntryBytes } from '../format/pack.ts';
import type { BlobIndex, BlobType } from './blob-index.ts';
import type { BlobSealer, SealedBlob, SealSettings } from './blob-sealer.ts';
import type { IndexCopies } from './index-copies.ts';
import { compressLarge, sealedLargeBytes, sealLarge, type LargeBlob } from './large-blob.ts';
import { PackBuilder } from './pack-builder.ts';
import { fileName, type SealedFiles } from './sealed-files.ts';

export interface BlobSaverOptions {
  readonly backend: Backend;
  readonly files: SealedFiles;
  readonly index: BlobIndex;
  readonly sealer: BlobSealer;
  readonly settings: SealSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly packSizeBytes: number;
  /** Of those who have a cache. */
  readonly indexCopies?: IndexCopies | undefined;
  /** With so many blobs an index is written; until then they are in memory, and its text when it is. */
  readonly indexMaxBlobs: number;
  /** Each pack under way is held in memory whole. */
  readonly uploadsAtOnce: number;
  /** Seal and count, and write nothing. */
  readonly dryRun: boolean;
  /** Throws when this process must not write any more (lost lock). */
  readonly assertWritable: () => void;
  readonly signal?: AbortSignal | undefined;
}

export interface SaveResult {
  /** False when the repository, or this run, has the blob already. */
  readonly isNew: boolean;
}

/** Plaintext bytes taken and not yet in a pack; more waits. */
const SEALING_BYTES = 4 << 20;
/** restic's smallest packs are no smaller. */
const WORTH_A_PACK_BYTES = 4 << 20;
/**
 * Packs that no index lists for so long get one: what a run that is cut off has stored until then,
 * the next one finds. As restic (internal/repository/index/index.go, indexMaxAge).
 */
const INDEX_MAX_AGE_MS = 10 * 60_000;

export class BlobSaver {
  readonly #options: BlobSaverOptions;
  readonly #open: Record<BlobType, PackBuilder>;
  /** Blobs sealed or being sealed whose pack is not in the index yet, by type and id. */
  readonly #underWay = new Set<string>();
  readonly #sealing = new Set<Promise<void>>();
  #sealingBytes = 0;
  #storedBytes = 0;
  readonly #uploads = new Set<Promise<void>>();
  readonly #uploadPlaces: Semaphore;
  /** One for each full pack in memory whose upload has not begun. */
  readonly #fullPacks = new Set<Promise<void>>();
  #unindexed: IndexedPack[] = [];
  #unindexedBlobs = 0;
  /** When the first of `#unindexed` was stored. */
  #unindexedSinceMs = 0;
  #failure: { reason: unknown } | undefined;

  constructor(options: BlobSaverOptions) {
    this.#options = options;
    this.#uploadPlaces = new Semaphore(options.uploadsAtOnce);
    this.#open = { data: this.#newPack('data'), tree: this.#newPack('tree') };
  }

  /** Bytes of the blobs sealed so far, with their entries in pack headers. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /**
   * `id` must be the SHA-256 of `plaintext`, which may be reused once the promise settles. Resolves
   * when the blob is taken, not when it is stored: what fails later is thrown by a later `save` or
   * by `flush`.
   */
  async save(type: BlobType, id: string, plaintext: Uint8Array): Promise<SaveResult> {
    await this.ready();
    if (this.has(type, id)) return { isNew: false };
    this.#underWay.add(`${type}:${id}`);
    try {
      const deliver = (blob: SealedBlob): void => this.#take(type, blob);
      const sealing = this.#options.sealer.seal({ type, id, plaintext }, deliver);
      if (sealing !== undefined) await this.#awaitLater(sealing, plaintext.length);
      return { isNew: true };
    } catch (error) {
      this.#failure ??= { reason: error };
      throw error;
    }
  }

  /** As `save`; resolves when the blob is in a pack. */
  async saveLarge(type: BlobType, blob: LargeBlob): Promise<SaveResult> {
    await this.ready();
    if (this.has(type, blob.id)) return { isNew: false };
    this.#underWay.add(`${type}:${blob.id}`);
    try {
      const { settings, random } = this.#options;
      const stored = await compressLarge(settings, type, blob);
      // Sealed where it will lie: nothing else may be taken meanwhile, so from here on no waiting.
      const room = this.#open[type].room(sealedLargeBytes(stored));
      this.#take(type, sealLarge(settings, stored, { room, nonce: random(NONCE_BYTES) }));
      return { isNew: true };
    } catch (error) {
      this.#failure ??= { reason: error };
      throw error;
    }
  }

  /** Resolves when there is room for more; throws what went wrong since. */
  async ready(): Promise<void> {
    while (this.#fullPacks.size > 0) await Promise.race(this.#fullPacks);
    this.#throwFailure();
  }

  /** As `save`, of a blob that was sealed and verified already; its bytes are copied. */
  add(type: BlobType, blob: SealedBlob): SaveResult {
    this.#throwFailure();
    if (this.has(type, blob.id)) return { isNew: false };
    this.#underWay.add(`${type}:${blob.id}`);
    this.#take(type, blob);
    return { isNew: true };
  }

  /** Lets a blob under way in the worker be, unless too much is. */
  async #awaitLater(sealed: Promise<void>, bytes: number): Promise<void> {
    const sealing = sealed
      .catch((error: unknown) => {
        this.#failure ??= { reason: error };
      })
      .finally(() => {
        this.#sealing.delete(sealing);
        this.#sealingBytes -= bytes;
      });
    this.#sealing.add(sealing);
    this.#sealingBytes += bytes;
    while (this.#sealingBytes > SEALING_BYTES) {
      this.#options.sealer.flush();
      await Promise.race(this.#sealing);
    }
    this.#throwFailure();
  }

  #take(type: BlobType, blob: SealedBlob): void {
    const builder = this.#open[type];
    builder.add(blob);
    this.#storedBytes += blob.sealed.length + headerEntryBytes(blob);
    if (builder.isFull) this.#startUpload(type);
  }

  has(type: BlobType, id: string): boolean {
    return this.#options.index.has(type, id) || this.#underWay.has(`${type}:${id}`);
  }

  /** Begins to send what is there, if it is worth a file of its own: for a time with little to save. */
  sendAhead(): void {
    if (this.#failure === undefined && this.#open.data.sizeBytes >= WORTH_A_PACK_BYTES) {
      this.#startUpload('data');
    }
  }

  /** Everything saved so far is durable and indexed when this resolves. */
  async flush(): Promise<void> {
    this.#options.sealer.flush();
    while (this.#sealing.size > 0) await Promise.all(this.#sealing);
    this.#throwFailure();
    for (const type of ['data', 'tree'] as const) {
      if (this.#open[type].blobs.length > 0) this.#startUpload(type);
    }
    await this.#settleUploads();
    await this.#writeIndex();
    await this.#options.sealer[Symbol.asyncDispose]();
  }

  /** Waits for uploads under way and forgets the rest: for ending after a failure or an abort. */
  async abandon(): Promise<void> {
    this.#failure ??= { reason: new Error('abandoned') };
    await this.#options.sealer[Symbol.asyncDispose]();
    await Promise.allSettled([...this.#sealing, ...this.#uploads]);
  }

  #newPack(type: BlobType): PackBuilder {
    return new PackBuilder(type, this.#options.packSizeBytes);
  }

  #startUpload(type: BlobType): void {
    const builder = this.#open[type];
    this.#open[type] = this.#newPack(type);
    const begun = Promise.withResolvers<void>();
    this.#fullPacks.add(begun.promise);
    const upload = this.#uploadPlaces
      .run(async () => {
        this.#fullPacks.delete(begun.promise);
        begun.resolve();
        if (this.#failure !== undefined) return;
        await this.#upload(builder);
        if (this.#isIndexDue()) await this.#writeIndex();
      })
      .catch((error: unknown) => {
        this.#failure ??= { reason: error };
      })
      .finally(() => this.#uploads.delete(upload));
    this.#uploads.add(upload);
  }

  async #upload(builder: PackBuilder): Promise<void> {
    const { backend, settings, random, index, signal, assertWritable, dryRun } = this.#options;
    if (dryRun) {
      this.#forgetUnderWay(`dry run ${index.packCount}`, builder);
      builder.release();
      return;
    }
    const bytes = builder.finish(settings.master, random(16));
    const packId = fileName(bytes);
    assertWritable();
    await backend.save({ kind: 'pack', name: packId, content: builder.type }, bytes, { signal });
    this.#forgetUnderWay(packId, builder);
    builder.release();
    if (this.#unindexed.length === 0) this.#unindexedSinceMs = this.#options.clock.monotonicMs();
    this.#unindexed.push({ id: packId, blobs: [...builder.blobs] });
    this.#unindexedBlobs += builder.blobs.length;
  }

  /** From now on the index knows them. */
  #forgetUnderWay(packId: string, { blobs }: PackBuilder): void {
    this.#options.index.addPack(packId, blobs);
    for (const { type, id } of blobs) this.#underWay.delete(`${type}:${id}`);
  }

  async #settleUploads(): Promise<void> {
    await Promise.all(this.#uploads);
    this.#throwFailure();
  }

  #isIndexDue(): boolean {
    if (this.#unindexed.length === 0) return false;
    const ageMs = this.#options.clock.monotonicMs() - this.#unindexedSinceMs;
    return this.#unindexedBlobs >= this.#options.indexMaxBlobs || ageMs >= INDEX_MAX_AGE_MS;
  }

  async #writeIndex(): Promise<void> {
    const { files, indexCopies, indexMaxBlobs, signal, assertWritable } = this.#options;
    const packs = this.#unindexed;
    this.#unindexed = [];
    this.#unindexedBlobs = 0;
    for (const part of splitPacks(packs, indexMaxBlobs)) {
      assertWritable();
      const file = { supersedes: [], packs: part };
      const plaintext = encodeIndexFile(file);
      const name = await files.save('index', plaintext, { signal });
      releaseMemory(plaintext);
      await indexCopies?.keep(name, file);
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }
}

/** Index files of at most about `maxBlobs` entries; a pack is never split over two. */
export function* splitPacks(
  packs: Iterable<IndexedPack>,
  maxBlobs: number,
): Generator<IndexedPack[]> {
  let part: IndexedPack[] = [];
  let blobCount = 0;
  for (const pack of packs) {
    part.push(pack);
    blobCount += pack.blobs.length;
    if (blobCount >= maxBlobs) {
      yield part;
      part = [];
      blobCount = 0;
    }
  }
  if (part.length > 0) yield part;
}
