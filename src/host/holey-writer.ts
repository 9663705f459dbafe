import { ftruncateSync, writeSync } from 'node:fs';
import { asBuffer } from '../base/bytes.ts';
import { punchHole } from './file-room.ts';

const PAGE_BYTES = 4096;
const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

export interface HoleyWriterOptions {
  readonly sparse: boolean;
  /** Room was set aside for all of the file: holes have to be made. */
  readonly preallocated?: boolean | undefined;
}

/**
 * Writes pieces of a new file, in any order, and leaves holes for its zero pages. What is adjacent
 * in memory and in the file, as the blobs of one run are, goes out in one write.
 */
export class HoleyWriter {
  readonly #fd: number;
  readonly #options: HoleyWriterOptions;
  /** Of the file so far, holes included. */
  sizeBytes = 0;
  #written = 0;
  #writtenTo = 0;
  #pending: { buffer: ArrayBufferLike; start: number; end: number; offset: number } | undefined;

  constructor(fd: number, options: HoleyWriterOptions) {
    this.#fd = fd;
    this.#options = options;
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
    if (!this.#options.sparse) {
      this.#write(bytes, offset);
      return;
    }
    let holeFrom = 0;
    for (const { start: from, end: to } of dataStretches(bytes, offset)) {
      this.#leaveHole(offset + holeFrom, from - holeFrom);
      this.#write(bytes.subarray(from, to), offset + from);
      holeFrom = to;
    }
    this.#leaveHole(offset + holeFrom, bytes.length - holeFrom);
  }

  #leaveHole(offset: number, sizeBytes: number): void {
    if (sizeBytes > 0 && this.#options.preallocated === true) {
      punchHole(this.#fd, offset, sizeBytes);
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

  /** At once: a trip through the thread pool costs more than the copy to the page cache. */
  #write(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
    }
    this.#writtenTo = Math.max(this.#writtenTo, offset + bytes.length);
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
