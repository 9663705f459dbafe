/** Copies a database's pages into an image: those of the main file, then those of the log. */
import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { RawReadDoubt, type OpenWal } from './raw-wal.ts';
import { WAL_FRAME_HEADER_BYTES } from './wal-format.ts';
import { frameOffset, readFully } from './wal-scan.ts';

const BLOCK_BYTES = 1_048_576;
/** Where SQLite keeps its locks: https://www.sqlite.org/fileformat2.html §1.1. */
const LOCK_BYTES_AT = 2 ** 30;

export interface PageExtent {
  readonly pageSize: number;
  readonly pageCount: number;
  readonly signal: AbortSignal;
}

/** The page that holds no data; its number is beyond the last page of most databases. */
export function lockPageOf(pageSize: number): number {
  return LOCK_BYTES_AT / pageSize + 1;
}

/**
 * Copies whole pages of the main file up to `pageCount`; returns how many there were. The lock page
 * is zeros in the image, whatever the file holds there.
 */
export async function copyPages(
  main: FileHandle,
  image: FileHandle,
  { pageSize, pageCount, signal }: PageExtent,
): Promise<number> {
  const sizeBytes = pageSize * pageCount;
  const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, sizeBytes));
  let at = 0;
  while (at < sizeBytes) {
    signal.throwIfAborted();
    const wanted = block.subarray(0, Math.min(block.length, sizeBytes - at));
    const filled = await readFully(main, wanted, at);
    await writeFully(image, wanted.subarray(0, filled), at);
    at += filled;
    if (filled < wanted.length) break;
  }
  await image.truncate(sizeBytes);
  const lockPage = lockPageOf(pageSize);
  if (lockPage <= pageCount) await writeFully(image, new Uint8Array(pageSize), LOCK_BYTES_AT);
  return Math.floor(at / pageSize);
}

/** Writes the newest committed frame of each page over that page. */
export async function layOver(
  { file, scan }: OpenWal,
  image: FileHandle,
  { pageSize, pageCount, signal }: PageExtent,
): Promise<void> {
  const frameBytes = WAL_FRAME_HEADER_BYTES + pageSize;
  const perBlock = Math.floor(BLOCK_BYTES / frameBytes);
  const pageOfFrame = new Map<number, number>();
  for (const [page, frame] of scan.frameOfPage) {
    if (page <= pageCount) pageOfFrame.set(frame, page);
  }
  const buffer = Buffer.allocUnsafeSlow(Math.min(perBlock, scan.end.frames) * frameBytes);
  for (let first = 0; first < scan.end.frames; first += perBlock) {
    signal.throwIfAborted();
    const count = Math.min(perBlock, scan.end.frames - first);
    const block = buffer.subarray(0, count * frameBytes);
    const filled = await readFully(file, block, frameOffset(first, pageSize));
    if (filled < block.length) throw new RawReadDoubt('the log has become shorter');
    for (let index = 0; index < count; index += 1) {
      const page = pageOfFrame.get(first + index);
      if (page === undefined) continue;
      const bytes = block.subarray(index * frameBytes + WAL_FRAME_HEADER_BYTES);
      writeFullySync(image, bytes.subarray(0, pageSize), (page - 1) * pageSize);
    }
  }
}

export async function writeFully(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}

/** For many small pieces, each of which would cost a trip to the thread pool. */
function writeFullySync({ fd }: FileHandle, bytes: Uint8Array, position: number): void {
  let at = 0;
  while (at < bytes.length) {
    at += writeSync(fd, bytes, at, bytes.length - at, position + at);
  }
}
