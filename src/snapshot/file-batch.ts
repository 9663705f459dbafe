/**
 * Small files read and sealed in company, by the worker or by the main thread: what goes into it
 * and what comes out. Of a batch only the sealed bytes, one after the other, and a few numbers go
 * from thread to thread.
 */
import { hash } from 'node:crypto';
import type { ThreadSealer } from '../repository/blob-sealer.ts';
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
}

export interface SealedFileBatch {
  /** For each file its outcome, the sealed blob's length, and its plaintext's if compressed, or 0. */
  readonly results: Uint32Array<ArrayBuffer>;
  /** Of each file that was sealed, 64 hex digits. */
  readonly ids: string;
  /** The sealed blobs one after the other, in the batch's memory. */
  readonly room: Uint8Array<ArrayBuffer>;
}

export const RESULT_FIELDS = 3;

/** An empty file is sealed with length 0: it has no blob. */
export const outcomes = {
  /** It is not as the walk saw it, or cannot be read: to be read the long way. */
  unsettled: 0,
  sealed: 1,
  database: 2,
} as const;

/** A file as large as this may have more than one chunk. */
let plaintextRoom = Buffer.alloc(0);

/** Throws `REPOSITORY_SELF_CHECK`. */
export function sealFiles(batch: FileBatch, sealer: ThreadSealer): SealedFileBatch {
  const { paths, stamps, detect, room } = batch;
  const results = new Uint32Array(paths.length * RESULT_FIELDS);
  let ids = '';
  let filled = 0;
  for (const [index, path] of paths.entries()) {
    const stamp = stamps.subarray(index * STAMP_FIELDS, (index + 1) * STAMP_FIELDS);
    const plaintext = readPlaintext(path, stamp);
    if (plaintext === undefined) continue;
    const at = index * RESULT_FIELDS;
    if (detect[index] === 1 && startsWithDatabaseMagic(plaintext)) {
      results[at] = outcomes.database;
      continue;
    }
    results[at] = outcomes.sealed;
    if (plaintext.length === 0) continue;
    const id = hash('sha256', plaintext, 'hex');
    const blob = { type: 'data', id, plaintext } as const;
    const { length, uncompressedLength = 0 } = sealer.sealInto(room.subarray(filled), blob);
    results[at + 1] = length;
    results[at + 2] = uncompressedLength;
    ids += id;
    filled += length;
  }
  return { results, ids, room };
}

function readPlaintext(path: string, stamp: BigInt64Array): Uint8Array | undefined {
  const sizeBytes = Number(stamp[2]);
  if (plaintextRoom.length <= sizeBytes) {
    plaintextRoom = Buffer.allocUnsafeSlow(Math.max(64 * 1024, 2 * sizeBytes));
  }
  if (!readAsStamped(path, stamp, plaintextRoom)) return undefined;
  return plaintextRoom.subarray(0, sizeBytes);
}
