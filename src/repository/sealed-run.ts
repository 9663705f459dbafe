/**
 * A run: blobs of one pack that lie near each other, loaded in one piece and opened together. What
 * is known of them travels as plain numbers and one text, because thousands of objects cost more to
 * hand to another thread than their blobs cost to open.
 */
import { describeCause } from '../base/errors/keepsake-error.ts';
import { openBlob, openBlobInto } from '../format/blob.ts';
import { SEAL_OVERHEAD_BYTES, type MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';

export interface SealedRun {
  readonly bytes: Uint8Array;
  /** For each blob: where in `bytes` it begins, its length, and its plaintext's if compressed, or 0. */
  readonly places: Uint32Array;
  /** The blobs' ids, 64 hex digits each. */
  readonly ids: string;
  /** Whether the plaintexts are wanted, or only proved. */
  readonly keep: boolean;
}

export interface OpenedRun {
  /** One plaintext after the other; empty if they were only proved. */
  readonly plaintext: Uint8Array<ArrayBuffer>;
  readonly failures: readonly RunFailure[];
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

/** @param blobs all within `bytes`, whose first byte lies at `start` of the pack */
export function sealedRun(
  bytes: Uint8Array,
  { start, blobs, keep }: { start: number; blobs: readonly IndexedBlob[]; keep: boolean },
): SealedRun {
  const places = new Uint32Array(blobs.length * PLACE_FIELDS);
  let at = 0;
  for (const { offset, length, uncompressedLength } of blobs) {
    places[at] = offset - start;
    places[at + 1] = length;
    places[at + 2] = uncompressedLength ?? 0;
    at += PLACE_FIELDS;
  }
  return { bytes, places, ids: blobs.map(({ id }) => id).join(''), keep };
}

/** Length of a blob's plaintext, from what is recorded of it. */
export function plaintextLength(blob: Pick<IndexedBlob, 'length' | 'uncompressedLength'>): number {
  return blob.uncompressedLength ?? blob.length - SEAL_OVERHEAD_BYTES;
}

/** Opens and proves every blob; one that fails leaves its room unused. */
export function openRun(master: MasterKey, run: SealedRun): OpenedRun {
  const { places, keep } = run;
  const failures: RunFailure[] = [];
  const target = keep ? Buffer.allocUnsafeSlow(sumOfPlaintexts(places)) : scratch;
  let at = 0;
  for (let index = 0; index * PLACE_FIELDS < places.length; index += 1) {
    const length = plaintextAt(places, index);
    try {
      if (keep) openBlobInto(target.subarray(at, at + length), blobAt(master, run, index));
      else proveBlob(length, blobAt(master, run, index));
    } catch (error) {
      failures.push({ index, why: describeCause(error) });
    }
    at += length;
  }
  return { plaintext: keep ? new Uint8Array(target.buffer) : new Uint8Array(0), failures };
}

let scratch = Buffer.allocUnsafeSlow(0);

function proveBlob(length: number, blob: ReturnType<typeof blobAt>): void {
  if (length > USUAL_BLOB_BYTES) {
    openBlob(blob);
    return;
  }
  if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(length);
  openBlobInto(scratch.subarray(0, length), blob);
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

function plaintextAt(places: Uint32Array, index: number): number {
  const at = index * PLACE_FIELDS;
  const uncompressed = places[at + 2] ?? 0;
  return uncompressed === 0 ? (places[at + 1] ?? 0) - SEAL_OVERHEAD_BYTES : uncompressed;
}

function sumOfPlaintexts(places: Uint32Array): number {
  let sum = 0;
  for (let index = 0; index * PLACE_FIELDS < places.length; index += 1) {
    sum += plaintextAt(places, index);
  }
  return sum;
}

/** The bytes in memory that nothing else lies in, so that it can change hands. */
export function ownMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

/** Gives memory of `ownMemory` back at once: the collector would let 64 MB of it gather first. */
export function releaseMemory({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
