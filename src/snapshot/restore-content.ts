import { ftruncateSync, writeSync } from 'node:fs';
import { asBuffer } from '../base/bytes.ts';
import { loadSupplied, type BlobSupply } from './blob-reader.ts';
import { piecesOf, type FileOfTree } from './content-size.ts';
import type { RestoreContext } from './restore-context.ts';

/** A file of more blobs has a plan of its own, and is restored alone: that bounds the memory. */
export const SMALL_FILE_BLOBS = 16;
/** Blobs planned at a time: enough to read each pack in a few pieces. */
const PLANNED_BLOBS = 8192;
const PAGE_BYTES = 4096;
const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

/**
 * Writes a file's whole content to the empty file `fd` and gives its size.
 *
 * @param shared a plan that holds the blobs of a small file, if there is one
 */
export async function writeContent(
  context: RestoreContext,
  fd: number,
  { path, node, shared }: FileOfTree & { shared: BlobSupply | undefined },
): Promise<number> {
  const content = piecesOf({ path, node });
  const writer = new HoleyWriter(fd, context.sparse);
  if (content.length <= SMALL_FILE_BLOBS) {
    const supply = shared ?? context.reading.plan(content);
    await writeInOrder(context, { path, content, supply, writer });
  } else {
    await context.largeFiles.run(async () => {
      for (let from = 0; from < content.length; from += PLANNED_BLOBS) {
        const slice = content.slice(from, from + PLANNED_BLOBS);
        const supply = context.reading.plan(slice);
        await writeInPackOrder(context, { path, content: slice, supply, writer });
      }
    });
  }
  writer.finish();
  return writer.sizeBytes;
}

interface Piece {
  readonly path: string;
  readonly content: readonly string[];
  readonly supply: BlobSupply;
  readonly writer: HoleyWriter;
}

async function writeInOrder(context: RestoreContext, piece: Piece): Promise<void> {
  const { content, supply, writer } = piece;
  for (const id of content) {
    const bytes = supply.held(id) ?? (await loadNext(context, piece, id));
    writer.put(bytes, writer.sizeBytes);
  }
  await settle(context, writer);
}

/** Writes from `writer.sizeBytes` on, each blob to all its places as soon as it is here. */
async function writeInPackOrder(context: RestoreContext, piece: Piece): Promise<void> {
  const { content, supply, writer } = piece;
  const places = placesOf(content, supply, writer.sizeBytes);
  if (places === undefined) return writeInOrder(context, piece);
  for (const id of supply.inPackOrder()) {
    const bytes = supply.held(id) ?? (await loadNext(context, piece, id));
    const offsets = places.get(id) ?? [];
    for (const offset of typeof offsets === 'number' ? [offsets] : offsets) {
      writer.put(bytes, offset);
    }
  }
  await settle(context, writer);
}

async function loadNext(
  context: RestoreContext,
  { path, supply, writer }: Piece,
  id: string,
): Promise<Uint8Array> {
  await settle(context, writer);
  return loadSupplied(supply, { path, id }, { signal: context.signal });
}

/** Before anything is waited for: what a supply gave may be gone afterwards. */
async function settle(context: RestoreContext, writer: HoleyWriter): Promise<void> {
  writer.flush();
  await context.wrote(writer.takeWritten());
}

/** Where in the file each blob belongs; `undefined` where that shows only when it is loaded. */
function placesOf(
  content: readonly string[],
  supply: BlobSupply,
  start: number,
): Map<string, number | number[]> | undefined {
  const places = new Map<string, number | number[]>();
  let offset = start;
  for (const id of content) {
    const before = places.get(id);
    if (before === undefined) places.set(id, offset);
    else if (typeof before === 'number') places.set(id, [before, offset]);
    else before.push(offset);
    const sizeBytes = supply.sizeBytes(id);
    if (sizeBytes === undefined) return undefined;
    offset += sizeBytes;
  }
  return places;
}

/**
 * Writes pieces of a new file, in any order, and leaves holes for its zero pages. What is adjacent
 * in memory and in the file, as the blobs of one run are, goes out in one write.
 */
class HoleyWriter {
  readonly #fd: number;
  readonly #sparse: boolean;
  /** Of the file so far, holes included. */
  sizeBytes = 0;
  #written = 0;
  #writtenTo = 0;
  #pending: { buffer: ArrayBufferLike; start: number; end: number; offset: number } | undefined;

  constructor(fd: number, sparse: boolean) {
    this.#fd = fd;
    this.#sparse = sparse;
  }

  /** `bytes` must not change before `flush`. */
  put({ buffer, byteOffset: start, byteLength }: Uint8Array, offset: number): void {
    const end = start + byteLength;
    this.sizeBytes = Math.max(this.sizeBytes, offset + byteLength);
    this.#written += byteLength;
    const pending = this.#pending;
    const isNext = pending !== undefined && offset - pending.offset === start - pending.start;
    if (isNext && pending.buffer === buffer && pending.end === start) {
      pending.end = end;
      return;
    }
    this.flush();
    this.#pending = { buffer, start, end, offset };
  }

  flush(): void {
    if (this.#pending === undefined) return;
    const { buffer, start, end, offset } = this.#pending;
    this.#pending = undefined;
    const bytes = new Uint8Array(buffer, start, end - start);
    const whole = [{ start: 0, end: bytes.length }];
    for (const stretch of this.#sparse ? dataStretches(bytes, offset) : whole) {
      writeAll(this.#fd, bytes.subarray(stretch.start, stretch.end), offset + stretch.start);
      this.#writtenTo = Math.max(this.#writtenTo, offset + stretch.end);
    }
  }

  /** Bytes put since the last call, holes included. */
  takeWritten(): number {
    const written = this.#written;
    this.#written = 0;
    return written;
  }

  /** A hole at the very end was not written. */
  finish(): void {
    if (this.#writtenTo < this.sizeBytes) ftruncateSync(this.#fd, this.sizeBytes);
  }
}

/** The stretches of a blob between its zero pages, pages counted from the start of the file. */
export function* dataStretches(
  bytes: Uint8Array,
  offset: number,
): Generator<{ start: number; end: number }> {
  const buffer = asBuffer(bytes);
  let start = 0;
  let at = (PAGE_BYTES - (offset % PAGE_BYTES)) % PAGE_BYTES;
  for (; at + PAGE_BYTES <= bytes.length; at += PAGE_BYTES) {
    if (!isZeroPage(buffer, at)) continue;
    if (at > start) yield { start, end: at };
    start = at + PAGE_BYTES;
  }
  if (start < bytes.length) yield { start, end: bytes.length };
}

function isZeroPage(buffer: Buffer, at: number): boolean {
  return buffer[at] === 0 && buffer.compare(ZERO_PAGE, 0, PAGE_BYTES, at, at + PAGE_BYTES) === 0;
}

/** At once: a trip through the thread pool costs more than the copy to the page cache. */
function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
  }
}
