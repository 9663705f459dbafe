/** Reads a write-ahead log as SQLite's recovery does: up to the last commit whose checksums hold. */
import type { FileHandle } from 'node:fs/promises';
import {
  verifyFrame,
  WAL_FRAME_HEADER_BYTES,
  WAL_HEADER_BYTES,
  type WalChecksum,
  type WalHeader,
} from './wal-format.ts';

const READ_BYTES = 1_048_576;

/** Where a log stands after its last commit. */
export interface WalEnd {
  /** Frames up to and with that commit; 0 when there is none. */
  readonly frames: number;
  /** Of the last of them; of the log's header when there is none. */
  readonly checksum: WalChecksum;
}

export interface WalScan {
  readonly end: WalEnd;
  /** After the last commit; 0 when there is none. */
  readonly pageCount: number;
  /** Page number → index of the newest committed frame that holds it. */
  readonly frameOfPage: ReadonlyMap<number, number>;
}

export interface WalScanOptions {
  readonly signal?: AbortSignal | undefined;
  /** Goes on from here instead of from the header; then `frameOfPage` holds later pages only. */
  readonly from?: WalEnd | undefined;
}

export async function scanWal(
  file: FileHandle,
  header: WalHeader,
  { signal, from }: WalScanOptions = {},
): Promise<WalScan> {
  const frameOfPage = new Map<number, number>();
  let uncommitted: number[] = [];
  let end = from ?? { frames: 0, checksum: header.checksum };
  let pageCount = 0;
  let index = end.frames;
  let previous = end.checksum;
  for await (const bytes of readFrames(file, header, { first: index, signal })) {
    const frame = verifyFrame(bytes, header, previous);
    if (frame === undefined) break;
    previous = frame.checksum;
    uncommitted.push(frame.pageNumber);
    index += 1;
    if (frame.pagesAfterCommit === 0) continue;
    for (const [at, page] of uncommitted.entries()) frameOfPage.set(page, end.frames + at);
    uncommitted = [];
    end = { frames: index, checksum: previous };
    pageCount = frame.pagesAfterCommit;
  }
  return { end, pageCount, frameOfPage };
}

/** Whole frames only; each is valid until the next one is asked for. */
async function* readFrames(
  file: FileHandle,
  { pageSize }: WalHeader,
  { first, signal }: { first: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const frameBytes = WAL_FRAME_HEADER_BYTES + pageSize;
  const perBlock = Math.max(1, Math.floor(READ_BYTES / frameBytes));
  const block = Buffer.allocUnsafeSlow(perBlock * frameBytes);
  for (let index = first; ; index += perBlock) {
    signal?.throwIfAborted();
    const filled = await readFully(file, block, frameOffset(index, pageSize));
    for (let at = 0; at + frameBytes <= filled; at += frameBytes) {
      yield block.subarray(at, at + frameBytes);
    }
    if (filled < block.length) return;
  }
}

/** Where the frame of this index begins in the log. */
export function frameOffset(index: number, pageSize: number): number {
  return WAL_HEADER_BYTES + index * (WAL_FRAME_HEADER_BYTES + pageSize);
}

/** Fills `buffer` from `position`; returns how much there was before the file's end. */
export async function readFully(
  file: FileHandle,
  buffer: Uint8Array,
  position: number,
): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const left = buffer.length - filled;
    const { bytesRead } = await file.read(buffer, filled, left, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
