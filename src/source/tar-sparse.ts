/**
 * Sparse members, as GNU tar (`-S`) and bsdtar write them: the pieces that are no holes lie one after
 * the other in the archive, and a map tells where they belong.
 *
 * | format   | map                                                                                  |
 * | -------- | ------------------------------------------------------------------------------------ |
 * | old GNU  | type `S`: from 386 four pieces of two numbers (12 bytes each), at 482 whether more    |
 * |          | follow, at 483 the size; then blocks of 21 pieces, at 504 whether another follows     |
 * | pax 0.0  | records `GNU.sparse.offset`, `GNU.sparse.numbytes` again and again; `GNU.sparse.size` |
 * | pax 0.1  | record `GNU.sparse.map`: numbers with commas; `GNU.sparse.size`                       |
 * | pax 1.0  | before the data: the count and the numbers, a line each, up to a block's end;         |
 * |          | `GNU.sparse.realsize`                                                                 |
 *
 * Source: GNU tar 1.35 manual, "Storing Sparse Files"; src/sparse.c.
 */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { decodeNumber, TAR_BLOCK_BYTES, type TarBlock } from './tar-block.ts';
import type { TarRecords } from './tar-records.ts';

interface SparseMap {
  /** Of the file. */
  readonly sizeBytes: number;
  /** In their order, none of them empty. */
  readonly pieces: readonly { readonly at: number; readonly length: number }[];
  /** Of the member's bytes: what is left after the map. */
  readonly dataBytes: number;
}

/** The numbers of a map as they stand, and how many bytes of the member they took. */
interface RawMap {
  readonly size: string;
  readonly numbers: readonly string[];
  readonly mapBytes: number;
}

/** More pieces than any file has that was backed up: a hostile or damaged archive. */
const MAX_MAP_BYTES = 16 << 20;
const NUMBER = /^\d{1,15}$/;
const NEWLINE = 0x0a;
const ZEROS = new Uint8Array(64 * 1024);

export function isSparse({ typeflag }: TarBlock, records: TarRecords): boolean {
  if (typeflag === 'S') return true;
  return records.size > 0 && [...records.keys()].some((key) => key.startsWith('GNU.sparse.'));
}

/** Takes what belongs to the map off the archive. `undefined`: it is not well formed, or cut off. */
export async function readSparseMap(
  cursor: ByteCursor,
  { typeflag }: TarBlock,
  { block, records, storedBytes }: { block: Uint8Array; records: TarRecords; storedBytes: number },
): Promise<SparseMap | undefined> {
  const raw =
    typeflag === 'S'
      ? await readOldMap(cursor, block)
      : records.has('GNU.sparse.major')
        ? await readMapBeforeData(cursor, records)
        : {
            size: textOf(records, 'GNU.sparse.size'),
            numbers: textOf(records, 'GNU.sparse.map')
              .split(',')
              .filter((text) => text !== ''),
            mapBytes: 0,
          };
  return raw === undefined ? undefined : checked(raw, storedBytes);
}

/** Pieces in their order and within the file, as long together as what is stored. */
function checked({ size, numbers, mapBytes }: RawMap, storedBytes: number): SparseMap | undefined {
  const all = [size, ...numbers];
  if (!all.every((text) => NUMBER.test(text)) || numbers.length % 2 !== 0) return undefined;
  const sizeBytes = Number(size);
  const dataBytes = storedBytes - mapBytes;
  const pieces: { at: number; length: number }[] = [];
  let end = 0;
  let foundBytes = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const [at, length] = [Number(numbers[index]), Number(numbers[index + 1])];
    if (at < end || at + length > sizeBytes) return undefined;
    end = at + length;
    foundBytes += length;
    if (length > 0) pieces.push({ at, length });
  }
  return foundBytes === dataBytes ? { sizeBytes, pieces, dataBytes } : undefined;
}

async function readOldMap(cursor: ByteCursor, header: Uint8Array): Promise<RawMap | undefined> {
  const size = numberAt(header, 483);
  const numbers = oldPieces(header, 386, 4);
  for (let hasMore = header[482] !== 0; hasMore;) {
    const block = await cursor.take(TAR_BLOCK_BYTES);
    if (block.length < TAR_BLOCK_BYTES || numbers.length > MAX_MAP_BYTES) return undefined;
    numbers.push(...oldPieces(block, 0, 21));
    hasMore = block[504] !== 0;
  }
  return { size, numbers, mapBytes: 0 };
}

/** Up to the first that is not filled in. */
function oldPieces(block: Uint8Array, from: number, most: number): string[] {
  const numbers: string[] = [];
  for (let at = from; at < from + most * 24 && block[at + 12] !== 0; at += 24) {
    numbers.push(numberAt(block, at), numberAt(block, at + 12));
  }
  return numbers;
}

function numberAt(block: Uint8Array, at: number): string {
  return String(decodeNumber(block.subarray(at, at + 12)));
}

async function readMapBeforeData(
  cursor: ByteCursor,
  records: TarRecords,
): Promise<RawMap | undefined> {
  const blocks: Uint8Array[] = [];
  let lineCount = 0;
  let needed = Infinity;
  while (lineCount < needed) {
    const block = Uint8Array.from(await cursor.take(TAR_BLOCK_BYTES));
    const mapBytes = (blocks.length + 1) * TAR_BLOCK_BYTES;
    if (block.length < TAR_BLOCK_BYTES || mapBytes > MAX_MAP_BYTES) return undefined;
    blocks.push(block);
    lineCount += block.filter((byte) => byte === NEWLINE).length;
    if (blocks.length > 1) continue;
    const [, count] = /^(\d{1,9})\n/.exec(latin1(block)) ?? [];
    if (count === undefined) return undefined;
    needed = 1 + 2 * Number(count);
  }
  const numbers = latin1(Buffer.concat(blocks)).split('\n').slice(1, needed);
  const mapBytes = blocks.length * TAR_BLOCK_BYTES;
  return { size: textOf(records, 'GNU.sparse.realsize'), numbers, mapBytes };
}

function textOf(records: TarRecords, key: string): string {
  return latin1(records.get(key) ?? new Uint8Array(0));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The file's bytes, zeros where it has holes. `stored` gives as many bytes as the pieces have. */
export async function* fillHoles(
  stored: AsyncIterable<Uint8Array>,
  { sizeBytes, pieces }: SparseMap,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  let index = 0;
  for await (const part of stored) {
    for (let from = 0; from < part.length;) {
      const piece = pieces[index];
      assertInternal(piece !== undefined, 'a sparse member has more bytes than its map');
      if (at < piece.at) yield* zeros(piece.at - at);
      at = Math.max(at, piece.at);
      const to = Math.min(part.length, from + piece.at + piece.length - at);
      yield part.subarray(from, to);
      at += to - from;
      from = to;
      if (at === piece.at + piece.length) index += 1;
    }
  }
  yield* zeros(sizeBytes - at);
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROS.length) {
    yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS;
  }
}
