import { ftruncateSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { asBuffer } from '../base/bytes.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import { loadFileBlob } from './blob-reader.ts';
import type { RestoreContext } from './restore-context.ts';

/** Blobs of one file that are held in memory at once. */
const BLOBS_AHEAD = 3;
const PAGE_BYTES = 4096;
const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);
/** Shorter writes are done at once: a trip through the thread pool costs more than the copy. */
const SHORT_WRITE_BYTES = 64 * 1024;
const writeAsync = promisify(write);

/** Writes a file's whole content to the empty file `fd`; its size is proved at the end. */
export async function writeContent(
  context: RestoreContext,
  fd: number,
  { path, node }: { path: string; node: Node },
): Promise<void> {
  const { reader, signal } = context;
  const expectedBytes = node.size ?? 0;
  let offset = 0;
  let writtenTo = 0;
  const load = (id: string) => loadFileBlob(reader, { path, id }, { signal });
  for await (const bytes of mapConcurrent(node.content ?? [], load, {
    limit: BLOBS_AHEAD,
    signal,
  })) {
    writtenTo = await writeBlob(fd, bytes, { offset, sparse: context.sparse, writtenTo });
    offset += bytes.length;
    await context.wrote(bytes.length);
  }
  if (offset !== expectedBytes) {
    throw new KeepsakeError('SNAPSHOT_SIZE_WRONG', { path, expectedBytes, actualBytes: offset });
  }
  // A hole at the very end was not written.
  if (writtenTo < expectedBytes) ftruncateSync(fd, expectedBytes);
}

/** Returns where the last byte that is no hole was written, or `writtenTo` if there is none. */
async function writeBlob(
  fd: number,
  bytes: Uint8Array,
  { offset, sparse, writtenTo }: { offset: number; sparse: boolean; writtenTo: number },
): Promise<number> {
  const whole = [{ start: 0, end: bytes.length }];
  let last = writtenTo;
  for (const { start, end } of sparse ? dataStretches(bytes, offset) : whole) {
    await writeAll(fd, bytes.subarray(start, end), offset + start);
    last = offset + end;
  }
  return last;
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

async function writeAll(fd: number, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const length = bytes.length - done;
    done +=
      length <= SHORT_WRITE_BYTES
        ? writeSync(fd, bytes, done, length, offset + done)
        : (await writeAsync(fd, bytes, done, length, offset + done)).bytesWritten;
  }
}
