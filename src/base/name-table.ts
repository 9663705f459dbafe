/** Names held as bytes: 30 of them for the name of an upload instead of some 150. */
import { assertInternal } from './errors/keepsake-error.ts';

interface Segment {
  readonly bytes: Buffer;
  usedBytes: number;
}

const SEGMENT_BYTES = 1 << 18;
const SMALLEST_SLOTS = 1 << 6;
const MAX_LOAD = 0.8;
/** Length of the text in bytes times two, plus one if it has two bytes a character. */
const LENGTH_BYTES = 4;
/** A bit for each set that has the name. */
const MARKS_BYTES = 2;
const HEAD_BYTES = LENGTH_BYTES + MARKS_BYTES;
export const MOST_MARKS = 8 * MARKS_BYTES;
const WIDE = /[^\0-\xFF]/;

let scratch = Buffer.alloc(1024);

/** Each name once, with marks that tell which sets have it; no name is taken out. */
export class NameTable {
  /** An entry lies whole in one of them; a long one has a segment of its own. */
  readonly #segments: Segment[] = [];
  /** Position of an entry plus 1, or 0. Positions count `SEGMENT_BYTES` for each segment. */
  #slots = new Uint32Array(SMALLEST_SLOTS);
  #count = 0;

  has(name: string, mark: number): boolean {
    const position = (this.#slots[this.#find(encode(name))] ?? 0) - 1;
    return position >= 0 && (this.#marksAt(position) & mark) !== 0;
  }

  /** False if the name had the mark. */
  add(name: string, mark: number): boolean {
    const entry = encode(name);
    const slot = this.#find(entry);
    if (this.#slots[slot] === 0) {
      this.#slots[slot] = this.#append(entry) + 1;
      this.#count += 1;
    }
    const position = (this.#slots[slot] ?? 0) - 1;
    const marks = this.#marksAt(position);
    this.#setMarks(position, marks | mark);
    if (this.#count > this.#slots.length * MAX_LOAD) this.#grow();
    return (marks & mark) === 0;
  }

  /** Takes the mark from all names. */
  clear(mark: number): void {
    for (const { position } of this.#entries()) {
      this.#setMarks(position, this.#marksAt(position) & ~mark);
    }
  }

  /** In the order in which they first came. */
  *names(mark: number): Generator<string> {
    for (const { position, entry } of this.#entries()) {
      if ((this.#marksAt(position) & mark) !== 0) yield decode(entry);
    }
  }

  /** Where it is, or where it would be. */
  #find(entry: Buffer): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(entry) & mask; ; slot = (slot + 1) & mask) {
      const position = (this.#slots[slot] ?? 0) - 1;
      if (position < 0 || this.#isAt(position, entry)) return slot;
    }
  }

  #isAt(position: number, entry: Buffer): boolean {
    const { bytes, at } = this.#place(position);
    if (bytes.readUInt32LE(at) !== entry.readUInt32LE(0)) return false;
    return bytes.compare(entry, HEAD_BYTES, entry.length, at + HEAD_BYTES, at + entry.length) === 0;
  }

  #append(entry: Buffer): number {
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.usedBytes + entry.length > SEGMENT_BYTES) {
      segment = { bytes: Buffer.alloc(Math.max(SEGMENT_BYTES, entry.length)), usedBytes: 0 };
      this.#segments.push(segment);
    }
    const position = (this.#segments.length - 1) * SEGMENT_BYTES + segment.usedBytes;
    assertInternal(position < 2 ** 32 - 1, 'there are more than 4 GB of names');
    segment.bytes.set(entry, segment.usedBytes);
    segment.usedBytes += entry.length;
    return position;
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (const { position, entry } of this.#entries()) {
      this.#slots[this.#find(entry)] = position + 1;
    }
  }

  #marksAt(position: number): number {
    const { bytes, at } = this.#place(position);
    return bytes.readUInt16LE(at + LENGTH_BYTES);
  }

  #setMarks(position: number, marks: number): void {
    const { bytes, at } = this.#place(position);
    bytes.writeUInt16LE(marks, at + LENGTH_BYTES);
  }

  #place(position: number): { bytes: Buffer; at: number } {
    const bytes = this.#segments[Math.floor(position / SEGMENT_BYTES)]?.bytes;
    assertInternal(bytes, 'a name lies nowhere');
    return { bytes, at: position % SEGMENT_BYTES };
  }

  *#entries(): Generator<{ position: number; entry: Buffer }> {
    for (const [index, { bytes, usedBytes }] of this.#segments.entries()) {
      for (let at = 0; at < usedBytes;) {
        const end = at + HEAD_BYTES + (bytes.readUInt32LE(at) >>> 1);
        yield { position: index * SEGMENT_BYTES + at, entry: bytes.subarray(at, end) };
        at = end;
      }
    }
  }
}

/** Without marks; valid until the next call. */
function encode(name: string): Buffer {
  const isWide = WIDE.test(name);
  const textBytes = name.length * (isWide ? 2 : 1);
  if (scratch.length < HEAD_BYTES + textBytes) scratch = Buffer.alloc(2 * textBytes + HEAD_BYTES);
  scratch.writeUInt32LE(2 * textBytes + (isWide ? 1 : 0), 0);
  scratch.writeUInt16LE(0, LENGTH_BYTES);
  scratch.write(name, HEAD_BYTES, isWide ? 'utf16le' : 'latin1');
  return scratch.subarray(0, HEAD_BYTES + textBytes);
}

function decode(entry: Buffer): string {
  const isWide = entry.readUInt32LE(0) % 2 === 1;
  return entry.toString(isWide ? 'utf16le' : 'latin1', HEAD_BYTES);
}

/** FNV-1a of its length and text, its bits mixed once more: the slot is taken from the lowest. */
function hashOf(entry: Buffer): number {
  let hash = 0x811c9dc5 ^ entry.length;
  for (let at = HEAD_BYTES; at < entry.length; at += 1) {
    hash = Math.imul(hash ^ (entry[at] ?? 0), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
