/** The content of one file as chunks, cut where restic cuts it. */
import { closeSync, fstatSync, read as readCallback, readSync, type BigIntStats } from 'node:fs';
import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { ContentChunker, MAX_CHUNK_BYTES } from '../format/chunker.ts';
import { modeFromStat } from '../format/file-mode.ts';
import type { Node } from '../format/node.ts';
import { errnoCode } from '../host/system-call-error.ts';
import type { BufferPool } from './buffer-pool.ts';
import { openForReading } from './open-for-reading.ts';
import type { Chunk, FileReading } from './source.ts';
import { nodeFromStat } from './stat-node.ts';
import { unreadable } from './unreadable.ts';

export interface ReadFileOptions {
  /** The repository's. */
  readonly polynomial: bigint;
  readonly pool: BufferPool;
}

/** One read call: large enough to keep a disk busy, small enough that an abort is soon seen. */
const READ_BYTES = 1024 * 1024;

/** A trip to the thread pool takes longer than reading a small file. */
const SMALL_FILE_BYTES = 128 * 1024;

const readAsync = promisify(readCallback);

/**
 * `chunks` throws `SOURCE_VANISHED`, `SOURCE_CHANGED_TYPE` or `SOURCE_UNREADABLE`. Not to be used on
 * a database that this process has open: closing the file would drop SQLite's locks.
 */
export function readFileContent(path: string, node: Node, options: ReadFileOptions): FileReading {
  return new ContentReading(path, node, options);
}

class ContentReading implements FileReading {
  readonly #path: string;
  readonly #node: Node;
  readonly #options: ReadFileOptions;
  #outcome: { before: BigIntStats; after: BigIntStats; sizeBytes: number } | undefined;

  constructor(path: string, node: Node, options: ReadFileOptions) {
    this.#path = path;
    this.#node = node;
    this.#options = options;
  }

  async *chunks({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<Chunk> {
    this.#outcome = undefined;
    const fd = this.#open();
    try {
      const before = this.#statFile(fd);
      const window = new ReadWindow(fd, Number(before.size), this.#options);
      try {
        for (;;) {
          signal?.throwIfAborted();
          const bytes = await this.#next(window);
          if (bytes === undefined) break;
          yield { id: hash('sha256', bytes, 'hex'), bytes };
        }
      } finally {
        window.release();
      }
      this.#outcome = { before, after: this.#statFile(fd), sizeBytes: window.readBytes };
    } finally {
      closeSync(fd);
    }
  }

  /** Size is what was read; all else of the node is as it was after the last read. */
  finish(): Promise<{ node: Node; stillChanging: boolean }> {
    assertInternal(this.#outcome, `${this.#path} was finished before it was read`);
    const { before, after, sizeBytes } = this.#outcome;
    const { name, extendedAttributes } = this.#node;
    const node = nodeFromStat(name, after, { extendedAttributes });
    return Promise.resolve({
      node: { ...node, size: sizeBytes },
      stillChanging: hasChanged(before, after),
    });
  }

  #open(): number {
    try {
      return openForReading(this.#path);
    } catch (error) {
      const path = this.#path;
      const errno = errnoCode(error);
      if (errno === 'ENOENT')
        throw new KeepsakeError('SOURCE_VANISHED', { path }, { cause: error });
      if (errno === 'ELOOP') throw this.#changedType('symlink');
      throw unreadable(path, error);
    }
  }

  #statFile(fd: number): BigIntStats {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) throw this.#changedType(modeFromStat(Number(stats.mode)).type);
    return stats;
  }

  async #next(window: ReadWindow): Promise<Uint8Array | undefined> {
    try {
      return await window.next();
    } catch (error) {
      throw unreadable(this.#path, error);
    }
  }

  #changedType(is: string): KeepsakeError {
    return new KeepsakeError('SOURCE_CHANGED_TYPE', { path: this.#path, was: 'file', is });
  }
}

/** The part of the file in memory: the current chunk from its start on. */
class ReadWindow {
  readonly #fd: number;
  readonly #sizeBytes: number;
  readonly #pool: BufferPool;
  readonly #chunker: ContentChunker;
  #buffer: Uint8Array;
  /** Where the current chunk begins, where the scan stands, where the bytes read end. */
  #start = 0;
  #scanned = 0;
  #end = 0;
  #atEnd = false;
  readBytes = 0;

  constructor(fd: number, sizeBytes: number, { polynomial, pool }: ReadFileOptions) {
    this.#fd = fd;
    this.#sizeBytes = sizeBytes;
    this.#pool = pool;
    this.#chunker = new ContentChunker(polynomial);
    // One byte more than the file has: a read that leaves it empty has met the end.
    this.#buffer = pool.acquire(Math.min(sizeBytes + 1, MAX_CHUNK_BYTES));
  }

  release(): void {
    this.#pool.release(this.#buffer);
  }

  /** The next chunk, valid until the next call; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#scanned < this.#end) {
        const length = this.#chunker.scan(this.#buffer.subarray(0, this.#end), this.#scanned);
        this.#scanned = length < 0 ? this.#end : this.#start + length;
        if (length >= 0) return this.#take();
      } else if (this.#atEnd) {
        return this.#scanned > this.#start ? this.#take() : undefined;
      } else await this.#fill();
    }
  }

  #take(): Uint8Array {
    const chunk = this.#buffer.subarray(this.#start, this.#scanned);
    this.#start = this.#scanned;
    return chunk;
  }

  async #fill(): Promise<void> {
    const room = this.#makeRoom();
    const bytesRead = await this.#read(room);
    this.#end += bytesRead;
    this.readBytes += bytesRead;
    // A short read at the expected size saves the one that says 0. Elsewhere (network, FUSE, files
    // of /proc that claim to be empty) a short read means nothing.
    this.#atEnd = bytesRead === 0 || (bytesRead < room && this.readBytes === this.#sizeBytes);
  }

  async #read(room: number): Promise<number> {
    const position = this.readBytes;
    if (this.#sizeBytes <= SMALL_FILE_BYTES) {
      return readSync(this.#fd, this.#buffer, this.#end, room, position);
    }
    return (await readAsync(this.#fd, this.#buffer, this.#end, room, position)).bytesRead;
  }

  /** How many bytes may be read behind `#end`. */
  #makeRoom(): number {
    if (this.#buffer.length - this.#end < Math.min(READ_BYTES, this.#buffer.length / 2)) {
      this.#moveTo(this.#buffer);
    }
    // Only a file that grew comes here: a chunk of the largest size leaves its buffer by itself.
    if (this.#end === this.#buffer.length) {
      const small = this.#buffer;
      this.#moveTo(this.#pool.acquire(2 * small.length));
      this.#pool.release(small);
    }
    return Math.min(READ_BYTES, this.#buffer.length - this.#end);
  }

  /** Brings what is left of the current chunk to the front. */
  #moveTo(target: Uint8Array): void {
    target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#end -= this.#start;
    this.#scanned -= this.#start;
    this.#start = 0;
  }
}

/**
 * A file deleted while it was read is not one that changed: its content is whole. A mere change of
 * ctime may hide a write whose writer set the old mtime again.
 */
function hasChanged(before: BigIntStats, after: BigIntStats): boolean {
  if (before.size !== after.size || before.mtimeNs !== after.mtimeNs) return true;
  return before.ctimeNs !== after.ctimeNs && after.nlink >= before.nlink;
}
