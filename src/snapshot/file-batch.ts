/**
 * Files read, cut and sealed in company, by the worker or by the main thread: what goes into it and
 * what comes out. Of a batch only the sealed bytes, one after the other, and a few numbers go from
 * thread to thread.
 */
import { hash } from 'node:crypto';
import { releaseMemory } from '../base/bytes.ts';
import { ContentChunker, MIN_CHUNK_BYTES } from '../format/chunker.ts';
import type { SealedBlob, ThreadSealer } from '../repository/blob-sealer.ts';
import { readAsStamped, STAMP_FIELDS } from '../source/small-file.ts';
import { startsWithDatabaseMagic } from '../source/sqlite-files.ts';

export interface FileBatch {
  /** Raw. */
  readonly paths: readonly string[];
  /** What the walk saw of each (`writeStamp`). */
  readonly stamps: BigInt64Array<ArrayBuffer>;
  /** For each: 1 if the file is a database should it begin as one. */
  readonly detect: Uint8Array<ArrayBuffer>;
  /** For the sealed blobs; large enough if none of them gets smaller. */
  readonly room: Uint8Array<ArrayBuffer>;
  /** By which content is cut: the repository's. */
  readonly polynomial: bigint;
}

export interface SealedFileBatch {
  /** For each file its outcome and the number of its blobs. */
  readonly results: Uint32Array<ArrayBuffer>;
  /** For each blob its length, its plaintext's if it is compressed, or 0, and its plaintext's. */
  readonly blobs: Uint32Array<ArrayBuffer>;
  /** Of each blob 64 hex digits. */
  readonly ids: string;
  /** The sealed blobs one after the other, in the batch's memory. */
  readonly room: Uint8Array<ArrayBuffer>;
}

export const RESULT_FIELDS = 2;
const BLOB_FIELDS = 3;
const ID_DIGITS = 64;

/** An empty file is sealed without a blob. */
export const outcomes = {
  /** It is not as the walk saw it, or cannot be read: to be read the long way. */
  unsettled: 0,
  sealed: 1,
  database: 2,
} as const;

/** The least that is kept for the next file. */
const PLAINTEXT_BYTES = 64 * 1024;

let plaintextRoom = Buffer.alloc(0);

/** Throws `REPOSITORY_SELF_CHECK`. */
export function sealFiles(batch: FileBatch, sealer: ThreadSealer): SealedFileBatch {
  const { paths, stamps, detect, room, polynomial } = batch;
  const results = new Uint32Array(paths.length * RESULT_FIELDS);
  const blobs: number[] = [];
  let ids = '';
  let filled = 0;
  for (const [index, path] of paths.entries()) {
    const stamp = stamps.subarray(index * STAMP_FIELDS, (index + 1) * STAMP_FIELDS);
    const content = readContent(path, stamp);
    if (content === undefined) continue;
    const at = index * RESULT_FIELDS;
    if (detect[index] === 1 && startsWithDatabaseMagic(content)) {
      results[at] = outcomes.database;
      continue;
    }
    results[at] = outcomes.sealed;
    for (const plaintext of cut(content, polynomial)) {
      const id = hash('sha256', plaintext, 'hex');
      const blob = { type: 'data', id, plaintext } as const;
      const { length, uncompressedLength = 0 } = sealer.sealInto(room.subarray(filled), blob);
      blobs.push(length, uncompressedLength, plaintext.length);
      results[at + 1] = (results[at + 1] ?? 0) + 1;
      ids += id;
      filled += length;
    }
  }
  return { results, blobs: Uint32Array.from(blobs), ids, room };
}

function* cut(content: Uint8Array, polynomial: bigint): Generator<Uint8Array> {
  let at = 0;
  if (content.length >= MIN_CHUNK_BYTES) {
    const chunker = new ContentChunker(polynomial);
    for (;;) {
      const length = chunker.scan(content, at);
      if (length < 0) break;
      yield content.subarray(at, (at += length));
    }
  }
  if (at < content.length) yield content.subarray(at);
}

function readContent(path: string, stamp: BigInt64Array): Uint8Array | undefined {
  const sizeBytes = Number(stamp[2]);
  if (plaintextRoom.length <= sizeBytes) {
    releaseMemory(plaintextRoom);
    plaintextRoom = Buffer.allocUnsafeSlow(Math.max(PLAINTEXT_BYTES, sizeBytes + sizeBytes / 4));
  }
  if (!readAsStamped(path, stamp, plaintextRoom)) return undefined;
  return plaintextRoom.subarray(0, sizeBytes);
}

export interface BatchBlob extends SealedBlob {
  /** Of the plaintext. */
  readonly sizeBytes: number;
}

/** In the order of the files. */
export function batchBlobs({ blobs, ids, room }: SealedFileBatch): BatchBlob[] {
  let at = 0;
  return Array.from({ length: blobs.length / BLOB_FIELDS }, (_, index) => {
    const [length = 0, uncompressedLength = 0, sizeBytes = 0] = blobs.subarray(
      index * BLOB_FIELDS,
      (index + 1) * BLOB_FIELDS,
    );
    const id = ids.slice(index * ID_DIGITS, (index + 1) * ID_DIGITS);
    const sealed = room.subarray(at, (at += length));
    return { id, sealed, sizeBytes, ...(uncompressedLength === 0 ? {} : { uncompressedLength }) };
  });
}
