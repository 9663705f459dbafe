/**
 * Stores a database's image in pieces of one size, the last one shorter if need be: a page that
 * changed makes one piece new. The worker and this thread read, hash and seal runs of pieces side by
 * side; what is as the parent snapshot has it is only hashed.
 */
import { nextTurn } from '../base/concurrency.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { SEAL_OVERHEAD_BYTES } from '../format/crypto.ts';
import type { FileSealing } from '../repository/file-sealing.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import {
  ID_DIGITS,
  PAGE_RESULT_FIELDS,
  sealPages,
  type PageBatch,
  type SealedPageBatch,
} from './page-batch.ts';
import { sealingWork } from './sealing-work.ts';

export interface SavePagesOptions {
  /** At rest; never the live database. */
  readonly imagePath: string;
  readonly sizeBytes: number;
  /** A multiple of the page size. */
  readonly pieceBytes: number;
  /** Ids of the pieces of this size that the parent snapshot has, in their order. */
  readonly previous: readonly string[];
  /** If given, the image holds only these pieces, counted from 0; the others are as `previous`. */
  readonly only?: ReadonlySet<number> | undefined;
  /** If given, `foundOdd` tells whether a new page has not the shape of one. */
  readonly pageCount: number | undefined;
  readonly store: BlobStore;
  readonly counts: ArchiveCounts;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SavedPages {
  /** Ids of all pieces. */
  readonly content: readonly string[];
  readonly foundOdd: boolean;
}

/** A message costs as much as sealing a few pieces; a longer run would keep this thread from others. */
const BATCH_BYTES = 512 * 1024;
const NOTHING_STORED = '-'.repeat(ID_DIGITS);

export async function savePages(options: SavePagesOptions): Promise<SavedPages> {
  return await new PageSaver(options).run();
}

class PageSaver {
  readonly #options: SavePagesOptions;
  readonly #sealing: FileSealing;
  /** A list of its own: a large database has more pieces than a call may have arguments. */
  readonly #content: string[];
  readonly #spareRooms: Uint8Array<ArrayBuffer>[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #failure: { reason: unknown } | undefined;
  #foundOdd = false;

  constructor(options: SavePagesOptions) {
    this.#options = options;
    const { only, previous, sizeBytes, pieceBytes } = options;
    const pieceCount = Math.ceil(sizeBytes / pieceBytes);
    this.#content = only === undefined ? [] : previous.slice(0, pieceCount);
    const { fileSealing } = options.store;
    assertInternal(fileSealing !== undefined, 'a database is stored where nothing can be written');
    this.#sealing = fileSealing;
  }

  async run(): Promise<SavedPages> {
    const { sizeBytes, pieceBytes, signal } = this.#options;
    const pieceCount = Math.ceil(sizeBytes / pieceBytes);
    try {
      for (const { at, length } of runs(this.#options)) {
        signal?.throwIfAborted();
        await this.#sealing.ready();
        await this.#take(this.#batchAt(at, length));
        if (this.#failure !== undefined) break;
      }
    } finally {
      // The image is removed after this.
      await Promise.all(this.#underWay);
    }
    if (this.#failure !== undefined) throw this.#failure.reason;
    assertInternal(this.#content.length === pieceCount, 'a database was stored with gaps');
    return { content: this.#content, foundOdd: this.#foundOdd };
  }

  #batchAt(at: number, length: number): PageBatch {
    const { imagePath, pieceBytes, previous, pageCount, store } = this.#options;
    const pieceCount = Math.ceil(length / pieceBytes);
    const first = at / pieceBytes;
    let stored = '';
    for (const id of previous.slice(first, first + pieceCount)) {
      stored += store.hasBlob('data', id) ? id : NOTHING_STORED;
    }
    const roomBytes = length + pieceCount * SEAL_OVERHEAD_BYTES;
    const spare = this.#spareRooms.pop();
    const isLarge = spare !== undefined && spare.length >= roomBytes;
    const room = isLarge ? spare : new Uint8Array(new ArrayBuffer(roomBytes));
    return { kind: 'pages', image: imagePath, at, length, pieceBytes, stored, pageCount, room };
  }

  async #take(batch: PageBatch): Promise<void> {
    const memory = [batch.room.buffer];
    const answer = this.#sealing.run({ content: batch, memory }, workOf(batch));
    if (answer === undefined) {
      await this.#store(batch, sealPages(batch, this.#sealing.here));
      await nextTurn(); // the worker's answers are waiting, and it for more
      return;
    }
    const work = answer
      .then((sealed) => this.#store(batch, sealed as SealedPageBatch))
      .catch((reason: unknown) => {
        this.#failure ??= { reason };
      })
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async #store(batch: PageBatch, sealed: SealedPageBatch): Promise<void> {
    const { previous, pieceBytes, onBytes } = this.#options;
    const { results, ids, room } = sealed;
    this.#foundOdd ||= sealed.foundOdd;
    const first = batch.at / pieceBytes;
    let at = 0;
    let idAt = 0;
    for (let index = 0; index * PAGE_RESULT_FIELDS < results.length; index += 1) {
      const length = results[index * PAGE_RESULT_FIELDS] ?? 0;
      const known = previous[first + index];
      if (length === 0 && known !== undefined) {
        this.#content[first + index] = known;
        continue;
      }
      const id = ids.slice(idAt, (idAt += ID_DIGITS));
      const uncompressedLength = results[index * PAGE_RESULT_FIELDS + 1] ?? 0;
      await this.#sealing.ready();
      this.#add(id, room.subarray(at, (at += length)), uncompressedLength);
      this.#content[first + index] = id;
    }
    this.#spareRooms.push(room);
    onBytes?.(batch.length);
  }

  #add(id: string, sealed: Uint8Array, uncompressedLength: number): void {
    const { counts } = this.#options;
    const compressed = uncompressedLength === 0 ? {} : { uncompressedLength };
    if (!this.#sealing.add({ id, sealed, ...compressed }).isNew) return;
    counts.dataBlobs += 1;
    counts.dataAdded += uncompressedLength || sealed.length - SEAL_OVERHEAD_BYTES;
  }
}

function workOf({ length, pieceBytes, stored }: PageBatch): number {
  let knownBytes = 0;
  for (let at = 0; at < stored.length; at += ID_DIGITS) {
    if (!stored.startsWith(NOTHING_STORED, at)) knownBytes += pieceBytes;
  }
  return sealingWork(length, Math.min(knownBytes, length));
}

/** What lies between the pieces of an image that is not whole is not to be read. */
function* runs({
  sizeBytes,
  pieceBytes,
  only,
}: SavePagesOptions): Generator<{ at: number; length: number }> {
  const batchBytes = Math.max(1, Math.floor(BATCH_BYTES / pieceBytes)) * pieceBytes;
  if (only === undefined) {
    for (let at = 0; at < sizeBytes; at += batchBytes) {
      yield { at, length: Math.min(batchBytes, sizeBytes - at) };
    }
    return;
  }
  for (const piece of only) {
    const at = piece * pieceBytes;
    yield { at, length: Math.min(pieceBytes, sizeBytes - at) };
  }
}
