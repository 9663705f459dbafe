/**
 * A run: blobs of one pack that lie near each other, loaded in one piece and opened together. What
 * is known of them travels as plain numbers and one text, because thousands of objects cost more to
 * hand to another thread than their blobs cost to open.
 */
import { describeCause } from '../base/errors/keepsake-error.ts';
import { openBlobInto } from '../format/blob.ts';
import { SEAL_OVERHEAD_BYTES, type MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { writeFiles, type FileWrites } from '../host/new-files.ts';
import { LargePlaintext } from './large-blob.ts';

export interface SealedRun {
  readonly bytes: Uint8Array;
  /** For each blob: where in `bytes` it begins, its length, and its plaintext's if compressed, or 0. */
  readonly places: Uint32Array;
  /** The blobs' ids, 64 hex digits each. */
  readonly ids: string;
  /** Whether the plaintexts are wanted, or only proved. */
  readonly keep: boolean;
  /** Where to write them: then they are needed no longer. Blobs are pieces, by their number. */
  readonly writes?: FileWrites | undefined;
}

export interface OpenedRun {
  /** One plaintext after the other; empty if they were only proved or written. */
  readonly plaintext: Uint8Array<ArrayBuffer>;
  readonly failures: readonly RunFailure[];
  /** As `writeFiles` gives it. */
  readonly written?: Uint8Array | undefined;
}

export interface RunFailure {
  /** Which blob of the run. */
  readonly index: number;
  readonly why: string;
}

const PLACE_FIELDS = 3;
const ID_DIGITS = 64;

/** More than any blob has that restic or we write: a record that says so is not believed at once. */
export const USUAL_BLOB_BYTES = 16 << 20;

export interface RunContent {
  readonly start: number;
  readonly blobs: readonly IndexedBlob[];
  readonly keep: boolean;
  readonly writes?: FileWrites | undefined;
}

/** @param blobs all within `bytes`, whose first byte lies at `start` of the pack */
export function sealedRun(
  bytes: Uint8Array,
  { start, blobs, keep, writes }: RunContent,
): SealedRun {
  const places = new Uint32Array(blobs.length * PLACE_FIELDS);
  let at = 0;
  for (const { offset, length, uncompressedLength } of blobs) {
    places[at] = offset - start;
    places[at + 1] = length;
    places[at + 2] = uncompressedLength ?? 0;
    at += PLACE_FIELDS;
  }
  return { bytes, places, ids: blobs.map(({ id }) => id).join(''), keep, writes };
}

/** Length of a blob's plaintext, from what is recorded of it. */
export function plaintextLength(blob: Pick<IndexedBlob, 'length' | 'uncompressedLength'>): number {
  return blob.uncompressedLength ?? blob.length - SEAL_OVERHEAD_BYTES;
}

/** Opens and proves every blob; one that fails leaves its room unused. */
export function openRun(master: MasterKey, run: SealedRun): OpenedRun {
  if (run.writes !== undefined) return openAndWrite(master, run, run.writes);
  if (run.keep) return openTogether(master, run, Buffer.allocUnsafeSlow(sumOfPlaintexts(run)));
  const failures: RunFailure[] = [];
  for (let index = 0; index < blobCount(run); index += 1) {
    try {
      proveBlob(plaintextAt(run, index), blobAt(master, run, index));
    } catch (error) {
      failures.push({ index, why: describeCause(error) });
    }
  }
  return { plaintext: new Uint8Array(0), failures };
}

function openAndWrite(master: MasterKey, run: SealedRun, writes: FileWrites): OpenedRun {
  const memory = scratchOf(sumOfPlaintexts(run));
  const { failures } = openTogether(master, run, memory);
  const damaged = new Set(failures.map(({ index }) => index));
  const starts = startsOf(run);
  const piece = (index: number): Uint8Array | undefined =>
    damaged.has(index) ? undefined : memory.subarray(starts[index], starts[index + 1]);
  return { plaintext: new Uint8Array(0), failures, written: writeFiles(writes, { piece }) };
}

function openTogether(master: MasterKey, run: SealedRun, target: Buffer<ArrayBuffer>): OpenedRun {
  const failures: RunFailure[] = [];
  let at = 0;
  for (let index = 0; index < blobCount(run); index += 1) {
    const end = at + plaintextAt(run, index);
    try {
      openBlobInto(target.subarray(at, end), blobAt(master, run, index));
    } catch (error) {
      failures.push({ index, why: describeCause(error) });
    }
    at = end;
  }
  return { plaintext: new Uint8Array(target.buffer), failures };
}

let scratch = Buffer.allocUnsafeSlow(0);

function scratchOf(length: number): Buffer<ArrayBuffer> {
  if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(length);
  return scratch;
}

function proveBlob(length: number, blob: ReturnType<typeof blobAt>): void {
  if (length > USUAL_BLOB_BYTES) new LargePlaintext(blob).prove();
  else openBlobInto(scratchOf(length).subarray(0, length), blob);
}

function blobAt(master: MasterKey, { bytes, places, ids }: SealedRun, index: number) {
  const at = index * PLACE_FIELDS;
  const start = places[at] ?? 0;
  const uncompressed = places[at + 2] ?? 0;
  return {
    master,
    sealed: bytes.subarray(start, start + (places[at + 1] ?? 0)),
    id: ids.slice(index * ID_DIGITS, (index + 1) * ID_DIGITS),
    uncompressedLength: uncompressed === 0 ? undefined : uncompressed,
  };
}

function blobCount({ places }: SealedRun): number {
  return places.length / PLACE_FIELDS;
}

function plaintextAt({ places }: SealedRun, index: number): number {
  const at = index * PLACE_FIELDS;
  const uncompressed = places[at + 2] ?? 0;
  return uncompressed === 0 ? (places[at + 1] ?? 0) - SEAL_OVERHEAD_BYTES : uncompressed;
}

/** Where each plaintext begins when they lie one after the other, and where the last one ends. */
function startsOf(run: SealedRun): number[] {
  const starts = [0];
  for (let index = 0; index < blobCount(run); index += 1) {
    starts.push((starts[index] ?? 0) + plaintextAt(run, index));
  }
  return starts;
}

function sumOfPlaintexts(run: SealedRun): number {
  return startsOf(run).at(-1) ?? 0;
}
