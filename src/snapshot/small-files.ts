/**
 * The short way for small files, of which an app may have a hundred thousand: the worker opens,
 * reads, hashes and seals them in batches while this thread walks on, and this thread does a batch
 * itself whenever the worker has enough. What is not as the walk saw it goes the long way
 * (`save-content.ts`), so that nothing is lost by this one and no case is decided twice.
 */
import { releaseMemory } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { MIN_CHUNK_BYTES } from '../format/chunker.ts';
import { SEAL_OVERHEAD_BYTES } from '../format/crypto.ts';
import type { FileSealing } from '../repository/file-sealing.ts';
import { STAMP_FIELDS, writeStamp } from '../source/small-file.ts';
import type { Leaf, SeenFile } from '../source/source.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import {
  outcomes,
  RESULT_FIELDS,
  sealFiles,
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
const BATCHES = 5;
const ROOM_BYTES = BATCH_BYTES + BATCH_FILES * SEAL_OVERHEAD_BYTES;

interface Waiting extends PromiseWithResolvers<SmallFileOutcome> {
  readonly seen: SeenFile;
  readonly detect: boolean;
}

export class SmallFiles {
  readonly #options: SmallFilesOptions;
  readonly #spareRooms: Uint8Array<ArrayBuffer>[] = [];
  /** Batches read and not yet stored whole. */
  readonly #underWay = new Set<Promise<void>>();
  #open: Waiting[] = [];
  #openBytes = 0;

  constructor(options: SmallFilesOptions) {
    this.#options = options;
  }

  /** Resolves when there is room for more: what waits for the store is held in memory. */
  async ready(): Promise<void> {
    while (this.#underWay.size >= BATCHES) await Promise.race(this.#underWay);
  }

  /** `undefined`: not a file for the short way. */
  save({ seen, looksLikeDatabase }: Leaf): Promise<SmallFileOutcome> | undefined {
    if (seen === undefined || seen.stats.size >= MIN_CHUNK_BYTES) return undefined;
    const sizeBytes = Number(seen.stats.size);
    if (this.#openBytes + sizeBytes > BATCH_BYTES) this.#close();
    if (this.#open.length === 0) setImmediate(() => this.#close());
    const detect = looksLikeDatabase !== undefined;
    const waiting = { seen, detect, ...Promise.withResolvers<SmallFileOutcome>() };
    this.#open.push(waiting);
    this.#openBytes += sizeBytes;
    if (this.#open.length === BATCH_FILES) this.#close();
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
      .finally(() => this.#underWay.delete(stored));
    this.#underWay.add(stored);
  }

  async #seal(files: readonly Waiting[], sizeBytes: number): Promise<void> {
    const { sealing, clock } = this.#options;
    const beganAt = clock.now();
    const batch = this.#batchOf(files);
    const memory = [batch.room.buffer, batch.stamps.buffer, batch.detect.buffer];
    const answer = sealing.run({ content: batch, memory }, sizeBytes);
    const sealed = answer === undefined ? sealFiles(batch, sealing.here) : await answer;
    await this.#store(files, sealed as SealedFileBatch, beganAt);
  }

  #batchOf(files: readonly Waiting[]): FileBatch {
    const stamps = new BigInt64Array(files.length * STAMP_FIELDS);
    const detect = new Uint8Array(files.length);
    for (const [at, { seen, ...file }] of files.entries()) {
      writeStamp(stamps, at * STAMP_FIELDS, seen.stats);
      detect[at] = file.detect ? 1 : 0;
    }
    const room = this.#spareRooms.pop() ?? new Uint8Array(new ArrayBuffer(ROOM_BYTES));
    return { paths: files.map(({ seen }) => seen.path), stamps, detect, room };
  }

  async #store(files: readonly Waiting[], sealed: SealedFileBatch, beganAt: Date): Promise<void> {
    const { sealing, clock } = this.#options;
    const reading = { beganAt, endedAt: clock.now() };
    const { results, room } = sealed;
    let at = 0;
    let idAt = 0;
    for (const [index, { seen, resolve }] of files.entries()) {
      const [outcome = 0, length = 0, uncompressedLength = 0] = results.subarray(
        index * RESULT_FIELDS,
        (index + 1) * RESULT_FIELDS,
      );
      const id = length === 0 ? undefined : sealed.ids.slice(idAt, (idAt += ID_DIGITS));
      const bytes = room.subarray(at, (at += length));
      if (outcome === outcomes.database) resolve({ kind: 'database' });
      else if (outcome !== outcomes.sealed || !isSettledWithin(reading, seen.stats.ctimeMs)) {
        resolve({ kind: 'unsettled' });
      } else {
        await sealing.ready();
        if (id !== undefined) this.#add(seen, { id, sealed: bytes, uncompressedLength });
        resolve({ kind: 'saved', content: id === undefined ? [] : [id] });
      }
    }
    this.#spareRooms.push(room);
  }

  #add(
    { stats }: SeenFile,
    { uncompressedLength, ...blob }: { id: string; sealed: Uint8Array; uncompressedLength: number },
  ): void {
    const { sealing, counts, onBytes } = this.#options;
    const sizeBytes = Number(stats.size);
    const compressed = uncompressedLength === 0 ? {} : { uncompressedLength };
    if (sealing.add({ ...blob, ...compressed }).isNew) {
      counts.dataBlobs += 1;
      counts.dataAdded += sizeBytes;
    }
    onBytes?.(sizeBytes);
  }
}

const ID_DIGITS = 64;
