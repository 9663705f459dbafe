/**
 * Stores the contents of an archive's files in the repository as they come by. Whatever may be a
 * part of a database goes to scratch first: SQLite has to look at it.
 */
import { createReadStream } from 'node:fs';
import { link, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { describeCause, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { MIN_CHUNK_BYTES } from '../../format/chunker.ts';
import { newArchiveCounts } from '../../snapshot/archive-counts.ts';
import type { BlobStore } from '../../snapshot/blob-writer.ts';
import { saveChunk } from '../../snapshot/save-content.ts';
import { StreamChunker, wholeChunk } from '../../source/chunk-stream.ts';
import { databaseOfSidecar, startsWithDatabaseMagic } from '../../source/sqlite-files.ts';
import type { TarEntry } from '../../source/tar-reader.ts';
import type { DatabaseMember, MemberContent, MemberTable } from './member-table.ts';

export interface MemberStoreOptions {
  readonly store: BlobStore;
  /** Of the repository. */
  readonly polynomial: bigint;
  /** An empty folder of one's own. */
  readonly scratchFolder: string;
  readonly signal?: AbortSignal | undefined;
}

type Bytes = AsyncIterable<Uint8Array>;

const MAGIC_BYTES = 16;

export class MemberStore {
  readonly counts = newArchiveCounts();
  readonly #options: MemberStoreOptions;
  readonly #chunker: StreamChunker;
  #copyCount = 0;

  constructor(options: MemberStoreOptions) {
    this.#options = options;
    this.#chunker = new StreamChunker(options.polynomial);
  }

  async take(key: string, { content, whole, sizeBytes }: TarEntry): Promise<MemberContent> {
    // Too small to be cut.
    if (whole !== undefined && sizeBytes > 0 && sizeBytes < MIN_CHUNK_BYTES) {
      return this.#takeSmall(key, await whole());
    }
    const { head, all } = await peek(content);
    const isDatabase = startsWithDatabaseMagic(head);
    if (isDatabase || databaseOfSidecar(key) !== undefined || head.length === 0) {
      return { isDatabase, ...(await this.#copy(all)) };
    }
    return { isDatabase, blobs: await this.save(all) };
  }

  async #takeSmall(key: string, bytes: Uint8Array): Promise<MemberContent> {
    const isDatabase = startsWithDatabaseMagic(bytes);
    if (isDatabase || databaseOfSidecar(key) !== undefined) {
      return { isDatabase, ...(await this.#copy([bytes])) };
    }
    const chunk = wholeChunk(bytes);
    await saveChunk(chunk, { store: this.#options.store, counts: this.counts });
    return { isDatabase, blobs: [chunk.id] };
  }

  /** Data blobs with the content, in their order. */
  async save(bytes: Bytes): Promise<string[]> {
    const { store, signal } = this.#options;
    const ids: string[] = [];
    for await (const chunk of this.#chunker.chunks(bytes)) {
      signal?.throwIfAborted();
      await saveChunk(chunk, { store, counts: this.counts });
      ids.push(chunk.id);
    }
    return ids;
  }

  /** As `save`, of a copy in scratch. */
  saveCopy(copy: string): Promise<string[]> {
    return this.save(createReadStream(copy, { signal: this.#options.signal }));
  }

  async #copy(bytes: Bytes | Iterable<Uint8Array>): Promise<{ copy: string; sizeBytes: number }> {
    const copy = join(this.#options.scratchFolder, `member-${this.#copyCount}`);
    this.#copyCount += 1;
    let sizeBytes = 0;
    await this.#inScratch(async () => {
      await using file = await open(copy, 'wx', 0o600);
      for await (const part of bytes) {
        await file.writeFile(part);
        sizeBytes += part.length;
      }
    });
    return { copy, sizeBytes };
  }

  /**
   * Lays a database out as SQLite expects it, by names of our own: those of members are not let near
   * the disk. Without `-shm`, which SQLite would trust although it is of another moment.
   */
  async layOut({ key, entry, sidecars }: DatabaseMember, table: MemberTable): Promise<string> {
    const folder = join(this.#options.scratchFolder, `database-${this.#copyCount}`);
    this.#copyCount += 1;
    const database = join(folder, 'db');
    await this.#inScratch(async () => {
      await mkdir(folder);
      await link(entry.copy ?? '', database);
      for (const sidecar of sidecars) {
        const { copy } = table.entries.get(sidecar) ?? {};
        const ending = sidecar.slice(key.length);
        if (copy !== undefined && ending !== '-shm') await link(copy, database + ending);
      }
    });
    return database;
  }

  async #inScratch(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
      const folder = this.#options.scratchFolder;
      throw new KeepsakeError(
        'SCRATCH_UNUSABLE',
        { folder, reason: describeCause(cause) },
        { cause },
      );
    }
  }
}

async function peek(content: Bytes): Promise<{ head: Uint8Array; all: Bytes }> {
  const iterator = content[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < MAGIC_BYTES) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    length += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head: Buffer.concat(first.map((part) => part.subarray(0, MAGIC_BYTES))), all: all() };
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
