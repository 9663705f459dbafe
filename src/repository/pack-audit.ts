/** Is a pack whole? Its name, its header, and every blob opened. */
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { openBlob } from '../format/blob.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { readPackHeader } from './pack-header.ts';
import { fileName } from './sealed-files.ts';

export interface PackAudit {
  /** What is wrong; empty when nothing is. */
  readonly causes: readonly string[];
  readonly intact: readonly IndexedBlob[];
  readonly damaged: readonly IndexedBlob[];
}

/** @param blobs what the index says lies in it */
export function auditPack(
  pack: { readonly name: string; readonly bytes: Uint8Array },
  blobs: readonly IndexedBlob[],
  master: MasterKey,
): PackAudit {
  const causes: string[] = [];
  if (fileName(pack.bytes) !== pack.name) causes.push('its bytes do not match its name');
  const headerProblem = compareHeader(pack.bytes, blobs, master);
  if (headerProblem !== undefined) causes.push(headerProblem);
  const intact: IndexedBlob[] = [];
  const damaged: IndexedBlob[] = [];
  for (const blob of blobs) {
    try {
      openPackedBlob(pack.bytes, blob, master);
      intact.push(blob);
    } catch (error) {
      damaged.push(blob);
      causes.push(describeCause(error));
    }
  }
  return { causes, intact, damaged };
}

/** The plaintext of one blob of a pack held in memory, verified. */
export function openPackedBlob(
  pack: Uint8Array,
  { id, offset, length, uncompressedLength }: IndexedBlob,
  master: MasterKey,
): Uint8Array {
  const sealed = pack.subarray(offset, offset + length);
  return openBlob({
    master,
    sealed,
    id,
    ...(uncompressedLength === undefined ? {} : { uncompressedLength }),
  });
}

function compareHeader(
  pack: Uint8Array,
  indexed: readonly IndexedBlob[],
  master: MasterKey,
): string | undefined {
  try {
    return compareWithHeader(readPackHeader(pack, master), indexed);
  } catch (error) {
    if (error instanceof KeepsakeError) return `header: ${error.message}`;
    throw error;
  }
}

/** The header must list exactly the blobs that the index gives this pack. What else, in words. */
export function compareWithHeader(
  inHeader: readonly IndexedBlob[],
  indexed: readonly IndexedBlob[],
): string | undefined {
  return sameBlobs(inHeader, indexed) ? undefined : 'its header and the index list different blobs';
}

/** Whether both list the same blobs at the same places, in whatever order. */
export function sameBlobs(a: readonly IndexedBlob[], b: readonly IndexedBlob[]): boolean {
  if (a.length !== b.length) return false;
  const sorted = b.toSorted((one, other) => one.offset - other.offset);
  return a
    .toSorted((one, other) => one.offset - other.offset)
    .every((blob, at) => isSameBlob(blob, sorted[at]));
}

function isSameBlob(a: IndexedBlob, b: IndexedBlob | undefined): boolean {
  return (
    a.id === b?.id &&
    a.type === b.type &&
    a.offset === b.offset &&
    a.length === b.length &&
    a.uncompressedLength === b.uncompressedLength
  );
}
