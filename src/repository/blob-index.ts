/**
 * Which blob lies where: an open-addressing hash table over typed arrays, because a million blobs
 * as JavaScript objects would take hundreds of megabytes. 49 bytes an entry plus 4 bytes a slot:
 * at most 57 bytes a blob at a million.
 *
 * A blob may be in several packs (a backup that was cut off and repeated); every place is kept, so
 * that a damaged copy can be made up for by another.
 */
import { SEAL_OVERHEAD_BYTES } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { blobsOf, type IndexColumns } from './index-columns.ts';
import { ID_BYTES, ID_WORDS, newSegment, SEGMENT_ENTRIES, type Segment } from './index-segment.ts';

export type BlobType = 'data' | 'tree';

export interface BlobPlace extends IndexedBlob {
  readonly packId: string;
}

const EMPTY = 0;
const MAX_LOAD = 0.75;

/** The id that is being looked for. */
const wantedWords = new Uint32Array(ID_WORDS);
const wanted = Buffer.from(wantedWords.buffer);

export class BlobIndex {
  readonly #segments: Segment[] = [];
  #slots = new Uint32Array(1 << 12);
  #count = 0;
  readonly #packIds: string[] = [];
  readonly #packNumbers = new Map<string, number>();
  /** By pack number: its first entry and the one after its last, where they lie side by side. */
  readonly #packStart: number[] = [];
  readonly #packEnd: number[] = [];
  /** By pack number: length of its blobs together. */
  readonly #packBytes: number[] = [];
  /** Numbers of packs whose entries do not. */
  readonly #scattered = new Set<number>();
  /** Numbers of packs from which something could not be read. */
  readonly #distrusted = new Set<number>();

  /** Entries, a blob in two packs counting twice. */
  get size(): number {
    return this.#count;
  }

  get packCount(): number {
    return this.#packIds.length;
  }

  /**
   * Adds the blobs of a pack. May be called again for the same pack: restic before 0.10 spread one
   * pack over several index files, so what is new is added and what is known stays single.
   */
  addPack(packId: string, blobs: readonly IndexedBlob[]): void {
    const known = this.#packNumbers.get(packId);
    const packNumber = known ?? this.#newPack(packId);
    if (known !== undefined && this.#packEnd[packNumber] !== this.#count) {
      this.#scattered.add(packNumber);
    }
    for (const blob of blobs) {
      if (known === undefined || !this.#isAt(packId, blob)) this.#add(packNumber, blob);
    }
    this.#packEnd[packNumber] = this.#count;
  }

  /** As `addPack` for each pack, without an object for each blob. */
  addColumns(columns: IndexColumns): void {
    this.#reserve(columns.isTree.length);
    let first = 0;
    for (const { id, blobCount } of columns.packs) {
      const end = first + blobCount;
      if (this.#packNumbers.has(id)) this.addPack(id, blobsOf(columns, first, end));
      else this.#addRun(this.#newPack(id), columns, first, end);
      first = end;
    }
  }

  #addRun(packNumber: number, columns: IndexColumns, first: number, end: number): void {
    let sizeBytes = 0;
    for (let from = first; from < end;) {
      const { segment, at } = this.#writableSegment(this.#count);
      const to = Math.min(end, from + SEGMENT_ENTRIES - at);
      segment.ids.set(columns.ids.subarray(from * ID_BYTES, to * ID_BYTES), at * ID_BYTES);
      segment.packs.fill(packNumber, at, at + to - from);
      segment.offsets.set(columns.offsets.subarray(from, to), at);
      segment.lengths.set(columns.lengths.subarray(from, to), at);
      segment.uncompressed.set(columns.uncompressed.subarray(from, to), at);
      segment.isTree.set(columns.isTree.subarray(from, to), at);
      for (; from < to; from += 1) {
        sizeBytes += columns.lengths[from] ?? 0;
        this.#link(this.#count);
        this.#count += 1;
      }
    }
    this.#packBytes[packNumber] = sizeBytes;
    this.#packEnd[packNumber] = this.#count;
  }

  #newPack(packId: string): number {
    const packNumber = this.#packIds.push(packId) - 1;
    this.#packNumbers.set(packId, packNumber);
    this.#packStart.push(this.#count);
    return packNumber;
  }

  #isAt(packId: string, blob: IndexedBlob): boolean {
    return this.findAll(blob.type, blob.id).some(
      (place) => place.packId === packId && place.offset === blob.offset,
    );
  }

  hasPack(packId: string): boolean {
    return this.#packNumbers.has(packId);
  }

  /** Whether a pack holds it that nobody distrusts: if none does, it is worth storing anew. */
  has(type: BlobType, id: string): boolean {
    if (this.#distrusted.size === 0) return this.#findFirst(type, id) >= 0;
    for (const entry of this.#findEntries(type, id)) {
      if (!this.#distrusted.has(this.#packOf(entry))) return true;
    }
    return false;
  }

  /** To be called when a blob of this pack could not be read. */
  distrust(packId: string): void {
    const packNumber = this.#packNumbers.get(packId);
    if (packNumber !== undefined) this.#distrusted.add(packNumber);
  }

  /** The first place of a blob. */
  find(type: BlobType, id: string): BlobPlace | undefined {
    const first = this.#findFirst(type, id);
    return first < 0 ? undefined : this.#place(first);
  }

  /** Length of the plaintext, by the first place of the blob. */
  plaintextBytes(type: BlobType, id: string): number | undefined {
    const first = this.#findFirst(type, id);
    if (first < 0) return undefined;
    const { lengths, uncompressed } = this.#segment(first);
    const at = first % SEGMENT_ENTRIES;
    const plaintext = uncompressed[at] ?? 0;
    return plaintext === 0 ? (lengths[at] ?? 0) - SEAL_OVERHEAD_BYTES : plaintext;
  }

  /** Every place of a blob. */
  findAll(type: BlobType, id: string): BlobPlace[] {
    return [...this.#findEntries(type, id)].map((entry) => this.#place(entry));
  }

  /** All entries, pack by pack in the order the packs were added. */
  *entries(): Generator<BlobPlace> {
    for (let entry = 0; entry < this.#count; entry += 1) yield this.#place(entry);
  }

  /** The entries of one pack. */
  *entriesOf(packId: string): Generator<BlobPlace> {
    const packNumber = this.#packNumbers.get(packId);
    if (packNumber === undefined) return;
    const start = this.#packStart[packNumber] ?? 0;
    const end = this.#scattered.has(packNumber) ? this.#count : (this.#packEnd[packNumber] ?? 0);
    for (let entry = start; entry < end; entry += 1) {
      if (this.#packOf(entry) === packNumber) {
        yield this.#place(entry);
      }
    }
  }

  /** The pack file has more bytes than these, or it is not whole. */
  blobBytesOf(packId: string): number {
    return this.#packBytes[this.#packNumbers.get(packId) ?? -1] ?? 0;
  }

  packIds(): readonly string[] {
    return this.#packIds;
  }

  #add(packNumber: number, blob: IndexedBlob): void {
    const entry = this.#count;
    const { segment, at } = this.#writableSegment(entry);
    segment.ids.write(blob.id, at * ID_BYTES, ID_BYTES, 'hex');
    segment.packs[at] = packNumber;
    segment.offsets[at] = blob.offset;
    segment.lengths[at] = blob.length;
    segment.uncompressed[at] = blob.uncompressedLength ?? 0;
    segment.isTree[at] = blob.type === 'tree' ? 1 : 0;
    this.#packBytes[packNumber] = (this.#packBytes[packNumber] ?? 0) + blob.length;
    this.#count += 1;
    if (!this.#reserve(0)) this.#link(entry);
  }

  #writableSegment(entry: number): { segment: Segment; at: number } {
    const number = Math.floor(entry / SEGMENT_ENTRIES);
    if (number === this.#segments.length) this.#segments.push(newSegment());
    return { segment: this.#segment(entry), at: entry % SEGMENT_ENTRIES };
  }

  #packOf(entry: number): number {
    return this.#segment(entry).packs[entry % SEGMENT_ENTRIES] ?? 0;
  }

  #segment(entry: number): Segment {
    const segment = this.#segments[Math.floor(entry / SEGMENT_ENTRIES)];
    assertInternal(segment, `index entry ${entry} has no segment`);
    return segment;
  }

  /** Whether all entries had to be put into new slots, to make room for so many more. */
  #reserve(more: number): boolean {
    let slotCount = this.#slots.length;
    while (this.#count + more > slotCount * MAX_LOAD) slotCount *= 2;
    if (slotCount === this.#slots.length) return false;
    this.#slots = new Uint32Array(slotCount);
    for (let entry = 0; entry < this.#count; entry += 1) this.#link(entry);
    return true;
  }

  /** Slots hold entry + 1, so that 0 means empty. */
  #link(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashOfEntry(entry) & mask;
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  /** Ids are SHA-256 values: their first four bytes are hash enough. */
  #hashOfEntry(entry: number): number {
    return this.#segment(entry).words[(entry % SEGMENT_ENTRIES) * ID_WORDS] ?? 0;
  }

  /** The first of `#findEntries`, or -1: asked for every piece of every file, so without objects. */
  #findFirst(type: BlobType, id: string): number {
    if (id.length !== 2 * ID_BYTES || wanted.write(id, 'hex') !== ID_BYTES) return -1;
    const mask = this.#slots.length - 1;
    for (let slot = (wantedWords[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] ?? EMPTY) - 1;
      if (entry < 0) return -1;
      if (this.#isId(wantedWords, entry, type)) return entry;
    }
  }

  *#findEntries(type: BlobType, id: string): Generator<number> {
    // Of its own: others may ask before the next one is taken.
    const words = new Uint32Array(ID_WORDS);
    if (id.length !== 2 * ID_BYTES || Buffer.from(words.buffer).write(id, 'hex') !== ID_BYTES) {
      return;
    }
    const mask = this.#slots.length - 1;
    for (let slot = (words[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] ?? EMPTY) - 1;
      if (entry < 0) return;
      if (this.#isId(words, entry, type)) yield entry;
    }
  }

  #isId(words: Uint32Array, entry: number, type: BlobType): boolean {
    const segment = this.#segment(entry);
    const at = entry % SEGMENT_ENTRIES;
    if (segment.isTree[at] !== (type === 'tree' ? 1 : 0)) return false;
    const start = at * ID_WORDS;
    for (let n = 0; n < ID_WORDS; n += 1) {
      if (segment.words[start + n] !== words[n]) return false;
    }
    return true;
  }

  #place(entry: number): BlobPlace {
    const segment = this.#segment(entry);
    const at = entry % SEGMENT_ENTRIES;
    const packId = this.#packIds[segment.packs[at] ?? 0];
    assertInternal(packId, `index entry ${entry} names no pack`);
    const uncompressedLength = segment.uncompressed[at] ?? 0;
    return {
      id: segment.ids.toString('hex', at * ID_BYTES, (at + 1) * ID_BYTES),
      type: segment.isTree[at] === 1 ? 'tree' : 'data',
      offset: segment.offsets[at] ?? 0,
      length: segment.lengths[at] ?? 0,
      ...(uncompressedLength === 0 ? {} : { uncompressedLength }),
      packId,
    };
  }
}
