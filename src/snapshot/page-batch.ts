/**
 * Pieces of a database's image read, hashed and sealed in company, by the worker or by the main
 * thread: what goes into it and what comes out. Of the thousands of pieces only the sealed bytes of
 * the new ones, one after the other, and a few numbers go from thread to thread.
 */
import { hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { fsPath } from '../base/raw-name.ts';
import type { ThreadSealer } from '../repository/blob-sealer.ts';
import { DATABASE_HEADER_BYTES } from '../sqlite/database-file.ts';
import { hasOddPage, shapeOf } from '../sqlite/page-shape.ts';

export interface PageBatch {
  readonly kind: 'pages';
  /** Raw path of the image, which is at rest. */
  readonly image: string;
  /** Where the first piece begins, and how many bytes the pieces have; the last may be shorter. */
  readonly at: number;
  readonly length: number;
  readonly pieceBytes: number;
  /** 64 characters for each piece: the id of what is stored already, if it is that. */
  readonly stored: string;
  /** Look at the pages of what is new; the image's page count then. */
  readonly pageCount?: number | undefined;
  /** For the sealed pieces; large enough if none of them gets smaller. */
  readonly room: Uint8Array<ArrayBuffer>;
}

export interface SealedPageBatch {
  /** For each piece the sealed blob's length, and its plaintext's if compressed, or 0; 0 and 0 for
   * a piece that is as stored. */
  readonly results: Uint32Array<ArrayBuffer>;
  /** Of each piece that was sealed, 64 hex digits. */
  readonly ids: string;
  /** A new page has not the shape of one. */
  readonly foundOdd: boolean;
  /** The sealed pieces one after the other, in the batch's memory. */
  readonly room: Uint8Array<ArrayBuffer>;
}

export const ID_DIGITS = 64;
export const PAGE_RESULT_FIELDS = 2;

let plaintextRoom = Buffer.alloc(0);

export function isPageBatch(task: unknown): task is PageBatch {
  return (task as Partial<PageBatch>).kind === 'pages';
}

/** Throws `REPOSITORY_SELF_CHECK`. */
export function sealPages(batch: PageBatch, sealer: ThreadSealer): SealedPageBatch {
  const { length, pieceBytes, stored, room } = batch;
  const { plaintext, header } = readImage(batch);
  const shape = batch.pageCount === undefined ? undefined : shapeOf(header, batch.pageCount);
  const results = new Uint32Array(Math.ceil(length / pieceBytes) * PAGE_RESULT_FIELDS);
  let ids = '';
  let filled = 0;
  let foundOdd = false;
  for (let index = 0; index * pieceBytes < length; index += 1) {
    const from = index * pieceBytes;
    const piece = plaintext.subarray(from, Math.min(from + pieceBytes, length));
    const id = hash('sha256', piece, 'hex');
    if (stored.startsWith(id, index * ID_DIGITS)) continue;
    const blob = { type: 'data', id, plaintext: piece } as const;
    const sealed = sealer.sealInto(room.subarray(filled), blob);
    results[index * PAGE_RESULT_FIELDS] = sealed.length;
    results[index * PAGE_RESULT_FIELDS + 1] = sealed.uncompressedLength ?? 0;
    ids += id;
    filled += sealed.length;
    foundOdd ||= shape !== undefined && hasOddPage(piece, batch.at + from, shape);
  }
  return { results, ids, foundOdd, room };
}

function readImage({ image, at, length }: PageBatch): { plaintext: Buffer; header: Buffer } {
  if (plaintextRoom.length < length) plaintextRoom = Buffer.allocUnsafeSlow(length);
  const plaintext = plaintextRoom.subarray(0, length);
  const header = Buffer.alloc(DATABASE_HEADER_BYTES);
  const fd = openSync(fsPath(image), 'r');
  try {
    readFullySync(fd, plaintext, at);
    readFullySync(fd, header, 0);
    return { plaintext, header };
  } finally {
    closeSync(fd);
  }
}

/** A single read may bring less. */
function readFullySync(fd: number, target: Uint8Array, position: number): void {
  for (let filled = 0; filled < target.length;) {
    const bytesRead = readSync(fd, target, filled, target.length - filled, position + filled);
    if (bytesRead === 0) throw new Error('the image of a database has become shorter');
    filled += bytesRead;
  }
}
