/** Which blobs to load together: neighbours in a pack, up to a size that keeps memory small. */
import type { BlobIndex, BlobPlace } from './blob-index.ts';
import { plaintextLength, USUAL_BLOB_BYTES } from './sealed-run.ts';

/** What lies between two wanted blobs is read along with them rather than asked for twice. */
const MAX_GAP_BYTES = 32 * 1024;
const RUN_BYTES = 512 * 1024;
const RUN_PLAINTEXT_BYTES = 1 << 20;

export interface PlannedRun {
  readonly packId: string;
  /** Ordered by offset. */
  readonly blobs: readonly BlobPlace[];
  readonly offset: number;
  readonly length: number;
  /** Of the plaintexts together. */
  readonly plaintextBytes: number;
}

interface Draft {
  packId: string;
  blobs: BlobPlace[];
  offset: number;
  length: number;
  plaintextBytes: number;
}

/**
 * Runs that hold the data blobs `ids`, in the order in which their packs are first named. Blobs that
 * the index lacks, or that claim an absurd size, are in none.
 */
export function planRuns(index: BlobIndex, ids: Iterable<string>): PlannedRun[] {
  const packs = new Map<string, BlobPlace[]>();
  for (const id of new Set(ids)) {
    const place = index.find('data', id);
    if (place === undefined || !isUsual(place)) continue;
    const blobs = packs.get(place.packId);
    if (blobs === undefined) packs.set(place.packId, [place]);
    else blobs.push(place);
  }
  return [...packs.values()].flatMap(splitPack);
}

/** A wrong record must not take memory, nor the room of another blob. */
function isUsual(place: BlobPlace): boolean {
  const sizeBytes = plaintextLength(place);
  return sizeBytes >= 0 && sizeBytes <= USUAL_BLOB_BYTES;
}

function splitPack(blobs: BlobPlace[]): PlannedRun[] {
  blobs.sort((a, b) => a.offset - b.offset);
  const runs: PlannedRun[] = [];
  let draft: Draft | undefined;
  for (const blob of blobs) {
    if (draft === undefined || !fits(draft, blob)) {
      const { packId, offset } = blob;
      draft = { packId, blobs: [], offset, length: 0, plaintextBytes: 0 };
      runs.push(draft);
    }
    draft.blobs.push(blob);
    draft.length = blob.offset + blob.length - draft.offset;
    draft.plaintextBytes += plaintextLength(blob);
  }
  return runs;
}

function fits({ offset, length, plaintextBytes }: Draft, blob: BlobPlace): boolean {
  return (
    blob.offset - (offset + length) <= MAX_GAP_BYTES &&
    blob.offset + blob.length - offset <= RUN_BYTES &&
    plaintextBytes + plaintextLength(blob) <= RUN_PLAINTEXT_BYTES
  );
}
