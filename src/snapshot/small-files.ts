/**
 * The short way for small files, of which an app may have a hundred thousand, and for pictures: the
 * worker opens, reads, cuts, hashes and seals them in batches while this thread walks on, and this
 * thread does a batch itself whenever the worker has enough. What is not as the walk saw it goes the long way
 * (`save-content.ts`), so that nothing is lost by this one and no case is decided twice.
 */
import { releaseMemory } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { nextTurn } from '../base/concurrency.ts';
import { MIN_CHUNK_BYTES } from '../format/chunker.ts';
import { SEAL_OVERHEAD_BYTES } from '../format/crypto.ts';
import type { FileSealing } from '../repository/file-sealing.ts';
import { STAMP_FIELDS, writeStamp } from '../source/small-file.ts';
import type { Leaf, SeenFile } from '../source/source.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import {
  outcomes,
  batchBlobs,
  RESULT_FIELDS,
  sealFiles,
  type BatchBlob,
  type FileBatch,
  type SealedFileBatch,
} from './file-batch.ts';
import { isSettledWithin } from './save-content.ts';

/** What the short way found: the file's content, or why it has none. */
export type SmallFileOutcome =
  | { readonly kind: 'saved'; readonly content: readonly string[] }
  | { readonly kind: 'database' }
  | { readonly kind: 'unsettled' };

export interface SmallFilesOptions {
  readonly sealing: FileSealing;
  readonly clock: Clock;
  readonly counts: ArchiveCounts;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** A message costs as much as sealing a few files. */
const BATCH_FILES = 64;
const BATCH_BYTES = 1 << 20;
/** What the worker takes, and one or two in this thread. */
const BATCHES = 8;
const UNDER_WAY_BYTES = BATCHES * BATCH_BYTES;
/** A batch of its own. What is larger is read piece by piece. */
const FILE_MAX_BYTES = 4 << 20;

interface Waiting extends PromiseWithResolvers<SmallFileOutcome> {
  readonly seen: SeenFile;
  readonly detect: boolean;
}

export class SmallFiles {
  readonly #options: SmallFilesOptions;
  readonly #spareRooms: Uint8Array<ArrayBuffer>[] = [];
  /** Batches read and not yet stored whole. */
  readonly #underWay = new Set<Promise<void>>();
  #underWayBytes = 0;
  #open: Waiting[] = [];
  #openBytes = 0;

  constructor(options: SmallFilesOptions) {
    this.#options = options;
  }

  /** Resolves when there is room for more: what waits for the store is held in memory. */
  async ready(): Promise<void> {
    while (this.#underWay.size >= BATCHES || this.#underWayBytes >= UNDER_WAY_BYTES) {
      await Promise.race(this.#underWay);
    }
  }

  /** `undefined`: not a file for the short way. */
  save({ seen, looksLikeDatabase }: Leaf): Promise<SmallFileOutcome> | undefined {
    if (seen === undefined || seen.stats.size > FILE_MAX_BYTES) return undefined;
    const sizeBytes = Number(seen.stats.size);
    if (this.#openBytes + sizeBytes > BATCH_BYTES) this.#close();
    if (this.#open.length === 0) setImmediate(() => this.#close());
    const detect = looksLikeDatabase !== undefined;
    const waiting = { seen, detect, ...Promise.withResolvers<SmallFileOutcome>() };
    this.#open.push(waiting);
    this.#openBytes += sizeBytes;
    if (this.#open.length === BATCH_FILES || this.#openBytes >= BATCH_BYTES) this.#close();
    return waiting.promise;
  }

  /** Gives back the memory that was kept for the next batch: none comes. */
  end(): void {
    for (const room of this.#spareRooms.splice(0)) releaseMemory(room);
  }

  #close(): void {
    const files = this.#open;
    if (files.length === 0) return;
    const sizeBytes = this.#openBytes;
    this.#open = [];
    this.#openBytes = 0;
    const stored = this.#seal(files, sizeBytes)
      .catch((error: unknown) => {
        for (const { reject } of files) reject(error);
      })
      .finally(() => {
        this.#underWay.delete(stored);
        this.#underWayBytes -= sizeBytes;
      });
    this.#underWay.add(stored);
    this.#underWayBytes += sizeBytes;
  }

  async #seal(files: readonly Waiting[], sizeBytes: number): Promise<void> {
    const { sealing, clock } = this.#options;
    const beganAt = clock.now();
    const batch = this.#batchOf(files, sizeBytes);
    const memory = [batch.room.buffer, batch.stamps.buffer, batch.detect.buffer];
    const answer = sealing.run({ content: batch, memory }, sizeBytes);
    const sealed = answer === undefined ? await this.#sealHere(batch) : await answer;
    await this.#store(files, sealed as SealedFileBatch, beganAt);
  }

  /** Lets the worker's answers in, which would wait while one batch here follows another. */
  async #sealHere(batch: FileBatch): Promise<SealedFileBatch> {
    const sealed = sealFiles(batch, this.#options.sealing.here);
    await nextTurn();
    return sealed;
  }

  #batchOf(files: readonly Waiting[], sizeBytes: number): FileBatch {
    const stamps = new BigInt64Array(files.length * STAMP_FIELDS);
    const detect = new Uint8Array(files.length);
    for (const [at, { seen, ...file }] of files.entries()) {
      writeStamp(stamps, at * STAMP_FIELDS, seen.stats);
      detect[at] = file.detect ? 1 : 0;
    }
    const { polynomial } = this.#options.sealing;
    const room = this.#roomFor(sizeBytes);
    return { paths: files.map(({ seen }) => seen.path), stamps, detect, room, polynomial };
  }

  #roomFor(sizeBytes: number): Uint8Array<ArrayBuffer> {
    if (sizeBytes <= BATCH_BYTES) {
      return this.#spareRooms.pop() ?? new Uint8Array(new ArrayBuffer(roomBytes(BATCH_BYTES)));
    }
    return new Uint8Array(new ArrayBuffer(roomBytes(sizeBytes)));
  }

  #giveBack(room: Uint8Array<ArrayBuffer>): void {
    if (room.length === roomBytes(BATCH_BYTES)) this.#spareRooms.push(room);
    else releaseMemory(room);
  }

  async #store(files: readonly Waiting[], sealed: SealedFileBatch, beganAt: Date): Promise<void> {
    const { sealing, clock } = this.#options;
    const reading = { beganAt, endedAt: clock.now() };
    const blobs = batchBlobs(sealed);
    let blobAt = 0;
    for (const [index, { seen, resolve }] of files.entries()) {
      const outcome = sealed.results[index * RESULT_FIELDS];
      const blobCount = sealed.results[index * RESULT_FIELDS + 1] ?? 0;
      const content = blobs.slice(blobAt, (blobAt += blobCount));
      if (outcome === outcomes.database) resolve({ kind: 'database' });
      else if (outcome !== outcomes.sealed || !isSettledWithin(reading, seen.stats.ctimeMs)) {
        resolve({ kind: 'unsettled' });
      } else {
        await sealing.ready();
        for (const blob of content) this.#add(blob);
        resolve({ kind: 'saved', content: content.map(({ id }) => id) });
      }
    }
    this.#giveBack(sealed.room);
  }

  #add({ sizeBytes, ...blob }: BatchBlob): void {
    const { sealing, counts, onBytes } = this.#options;
    if (sealing.add(blob).isNew) {
      counts.dataBlobs += 1;
      counts.dataAdded += sizeBytes;
    }
    onBytes?.(sizeBytes);
  }
}

/** If no blob gets smaller. */
function roomBytes(sizeBytes: number): number {
  const blobCount = BATCH_FILES + Math.ceil(sizeBytes / MIN_CHUNK_BYTES);
  return sizeBytes + blobCount * SEAL_OVERHEAD_BYTES;
}
