/**
 * Reads a pack from its front to its back in pieces that end between blobs, so that the memory does
 * not grow with the pack: its name is proved by all pieces, its blobs by the piece they lie in.
 */
import { createHash } from 'node:crypto';
import type { Backend, CallOptions, FileHandle } from '../backend/backend.ts';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { decodePackHeader, packHeaderLength, PACK_TAIL_BYTES } from '../format/pack.ts';
import { compareWithHeader, type PackAudit } from './pack-audit.ts';
import type { OpeningRun, RunOpener } from './run-opener.ts';
import { sealedRun } from './sealed-run.ts';

/** Large enough that a store over the network is not asked too often. */
const PIECE_BYTES = 4 << 20;

export interface ReadPack {
  readonly name: string;
  readonly sizeBytes: number;
  /** What the index says lies in it. */
  readonly blobs: readonly IndexedBlob[];
}

export interface ReadingParts {
  readonly backend: Backend;
  readonly master: MasterKey;
  readonly opener: RunOpener;
}

interface Piece {
  readonly start: number;
  readonly end: number;
  /** Those that begin in it. */
  readonly blobs: readonly IndexedBlob[];
}

/** As `auditPack` says it of a pack in memory. */
export async function readPack(
  parts: ReadingParts,
  pack: ReadPack,
  options: CallOptions = {},
): Promise<PackAudit> {
  const blobs = pack.blobs.toSorted((a, b) => a.offset - b.offset);
  const hash = createHash('sha256');
  const verdict = new Verdict();
  let before: Submitted | undefined;
  let tail: Uint8Array = new Uint8Array(0);
  for await (const { bytes, piece } of loadPieces(parts, { ...pack, blobs }, options)) {
    hash.update(bytes);
    if (piece.end === pack.sizeBytes) tail = bytes.slice(endOfBlobs(piece) - piece.start);
    const opening = parts.opener.submit(
      sealedRun(bytes, { start: piece.start, blobs: piece.blobs, keep: false }),
    );
    // Asked for when the next one is under way, so that no thread waits.
    await verdict.take(before);
    before = { opening, blobs: piece.blobs };
  }
  await verdict.take(before);
  const causes: string[] = [];
  if (hash.digest('hex') !== pack.name) causes.push('its bytes do not match its name');
  const header = await judgeHeader(parts, { ...pack, blobs, tail }, options);
  if (header !== undefined) causes.push(header);
  const { intact, damaged } = verdict;
  return { causes: [...causes, ...verdict.causes], intact, damaged };
}

/** The pieces in order, the next one being loaded while one is in use. */
async function* loadPieces(
  { backend }: ReadingParts,
  pack: ReadPack,
  { signal }: CallOptions,
): AsyncGenerator<{ bytes: Uint8Array; piece: Piece }> {
  const handle: FileHandle = { kind: 'pack', name: pack.name };
  const load = async (piece: Piece | undefined): Promise<Uint8Array> => {
    if (piece === undefined) return new Uint8Array(0);
    const { start, end } = piece;
    return backend.load(handle, { offsetBytes: start, lengthBytes: end - start, signal });
  };
  const pieces = planPieces(pack);
  let loading = load(pieces[0]);
  for (const [index, piece] of pieces.entries()) {
    const bytes = await loading;
    loading = load(pieces[index + 1]);
    loading.catch(() => {}); // thrown when its turn comes
    yield { bytes, piece };
  }
}

/** What the index does not know of lies in the piece of the blob before it. */
function planPieces({ sizeBytes, blobs }: ReadPack): Piece[] {
  const pieces: { start: number; end: number; blobs: IndexedBlob[] }[] = [];
  let piece = { start: 0, end: sizeBytes, blobs: [] as IndexedBlob[] };
  for (const blob of blobs) {
    const overlapsLast = blob.offset < endOfBlobs(piece);
    if (blob.offset - piece.start >= PIECE_BYTES && blob.offset < sizeBytes && !overlapsLast) {
      piece.end = blob.offset;
      pieces.push(piece);
      piece = { start: blob.offset, end: sizeBytes, blobs: [] };
    }
    piece.blobs.push(blob);
  }
  return [...pieces, piece];
}

function endOfBlobs({ start, blobs }: Piece): number {
  const last = blobs.at(-1);
  return last === undefined ? start : last.offset + last.length;
}

interface Submitted {
  readonly opening: OpeningRun;
  readonly blobs: readonly IndexedBlob[];
}

class Verdict {
  readonly causes: string[] = [];
  readonly intact: IndexedBlob[] = [];
  readonly damaged: IndexedBlob[] = [];

  async take(submitted: Submitted | undefined): Promise<void> {
    if (submitted === undefined) return;
    const { failures } = await submitted.opening.result();
    const failed = new Set(failures.map(({ index }) => index));
    for (const [index, blob] of submitted.blobs.entries()) {
      (failed.has(index) ? this.damaged : this.intact).push(blob);
    }
    this.causes.push(...failures.map(({ why }) => why));
  }
}

/** The header must list exactly the blobs that the index gives this pack. */
async function judgeHeader(
  { backend, master }: ReadingParts,
  { name, sizeBytes, blobs, tail }: ReadPack & { tail: Uint8Array },
  { signal }: CallOptions,
): Promise<string | undefined> {
  const lastBytes = async (count: number): Promise<Uint8Array> => {
    if (tail.length >= count) return tail.subarray(tail.length - count);
    const range = { offsetBytes: sizeBytes - count, lengthBytes: count, signal };
    return backend.load({ kind: 'pack', name }, range);
  };
  try {
    const last = await lastBytes(Math.min(sizeBytes, PACK_TAIL_BYTES));
    const length = packHeaderLength(last, sizeBytes);
    const header = (await lastBytes(length + PACK_TAIL_BYTES)).subarray(0, length);
    return compareWithHeader(decodePackHeader(header, master, sizeBytes), blobs);
  } catch (error) {
    if (isKeepsakeError(error) && error.code.startsWith('FORMAT_')) {
      return `header: ${error.message}`;
    }
    throw error;
  }
}
