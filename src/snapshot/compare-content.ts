import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { fsPath } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import { fileBlobSize, type BlobReader, type ReadOptions } from './blob-reader.ts';
import { contentSize, piecesOf } from './content-size.ts';

// O_NONBLOCK: a FIFO in the file's place must not hold the restore up.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Shorter reads are done at once: a trip through the thread pool costs more than the copy. */
const SHORT_READ_BYTES = 64 * 1024;
const readAsync = promisify(read);

export interface ComparedFile {
  /** As in the snapshot, for messages. */
  readonly path: string;
  readonly at: string;
  readonly node: Node;
}

/** The size of both where they are equal; else the first difference, in words. */
export type Comparison = { readonly sizeBytes: number } | { readonly difference: string };

/**
 * Reads a file and compares every stored chunk of it by its hash. Throws when the file cannot be
 * read, or is a link.
 */
export async function compareContent(
  reader: BlobReader,
  { path, at, node }: ComparedFile,
  options: ReadOptions = {},
): Promise<Comparison> {
  const fd = openSync(fsPath(at), OPEN_FLAGS);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { difference: 'it is not a regular file' };
    const { size: sizeBytes } = stat;
    // Only where the note in the tree does not agree: adding up many pieces takes its time.
    const expectedBytes =
      sizeBytes === node.size ? sizeBytes : await contentSize(reader, { path, node }, options);
    if (sizeBytes !== expectedBytes) {
      return { difference: `${sizeBytes} bytes instead of ${expectedBytes}` };
    }
    let offset = 0;
    for (const id of piecesOf({ path, node })) {
      options.signal?.throwIfAborted();
      const length = await fileBlobSize(reader, { path, id }, options);
      const bytes = await readExactly(fd, { offset, length });
      if (bytes === undefined) return { difference: `it ends before byte ${offset + length}` };
      if (hash('sha256', bytes, 'hex') !== id) {
        return { difference: `other content from byte ${offset} on` };
      }
      offset += length;
    }
    return offset === sizeBytes
      ? { sizeBytes }
      : { difference: `more content from byte ${offset} on` };
  } finally {
    closeSync(fd);
  }
}

/** `undefined` where the file ends sooner. */
async function readExactly(
  fd: number,
  { offset, length }: { offset: number; length: number },
): Promise<Uint8Array | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const rest = length - done;
    const count =
      rest <= SHORT_READ_BYTES
        ? readSync(fd, bytes, done, rest, offset + done)
        : (await readAsync(fd, bytes, done, rest, offset + done)).bytesRead;
    if (count === 0) return undefined;
    done += count;
  }
  return bytes;
}
