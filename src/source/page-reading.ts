import { hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';
import type { Chunk } from './source.ts';
import { unreadable } from './unreadable.ts';

const READ_BYTES = 2 * 1024 * 1024;

export interface ReadPagesOptions {
  /** A multiple of the page size. */
  readonly chunkSizeBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The captured image of a database in pieces of one size, the last one shorter if need be: a page
 * that changed makes one piece new. The image must be at rest; never the live database.
 */
export async function* readPages(
  imagePath: string,
  { chunkSizeBytes, signal }: ReadPagesOptions,
): AsyncGenerator<Chunk> {
  assertInternal(chunkSizeBytes > 0, 'database chunks of no size');
  const buffer = Buffer.allocUnsafeSlow(
    Math.max(1, Math.floor(READ_BYTES / chunkSizeBytes)) * chunkSizeBytes,
  );
  await using file = await open(fsPath(imagePath)).catch((error: unknown) => {
    throw unreadable(imagePath, error);
  });
  for (;;) {
    signal?.throwIfAborted();
    const filled = await fill(buffer, (at) => file.read(buffer, at, buffer.length - at, null));
    for (let at = 0; at < filled; at += chunkSizeBytes) {
      const bytes = buffer.subarray(at, Math.min(at + chunkSizeBytes, filled));
      yield { id: hash('sha256', bytes, 'hex'), bytes };
    }
    if (filled < buffer.length) return;
  }
}

/** Up to the buffer's end or the file's: a single read may bring less, and pieces would shift. */
async function fill(
  buffer: Uint8Array,
  read: (at: number) => Promise<{ bytesRead: number }>,
): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await read(filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
