/** `check --read-data`: reads whole packs and opens every blob. */
import type { CallOptions } from '../backend/backend.ts';
import { readUint32 } from '../base/bytes.ts';
import type { Random } from '../base/clock.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { openBlob } from '../format/blob.ts';
import { readPackHeader } from './pack-header.ts';
import type { BlobPlace } from './blob-index.ts';
import type { CheckProblem } from './check-problem.ts';
import type { Repository } from './repository.ts';
import { fileName } from './sealed-files.ts';

/** Which packs to read: all, part n of t, a share, or a number of bytes. */
export type Subset =
  | { kind: 'all' }
  | { kind: 'part'; part: number; of: number }
  | { kind: 'share'; percent: number }
  | { kind: 'bytes'; sizeBytes: number };

/** `n/t` picks by the first byte of the pack's name, as restic does, so that t runs cover all. */
export function selectPacks(
  packs: ReadonlyMap<string, number>,
  subset: Subset,
  random: Random,
): string[] {
  const names = [...packs.keys()];
  if (subset.kind === 'all') return names;
  if (subset.kind === 'part') {
    return names.filter((name) => parseInt(name.slice(0, 2), 16) % subset.of === subset.part - 1);
  }
  const shuffled = shuffle(names, random);
  if (subset.kind === 'share') {
    return shuffled.slice(0, Math.max(1, Math.floor((names.length * subset.percent) / 100)));
  }
  let sum = 0;
  return shuffled.filter((name, at) => {
    if (at > 0 && sum >= subset.sizeBytes) return false;
    sum += packs.get(name) ?? 0;
    return true;
  });
}

function shuffle<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => ({ item, key: readUint32(random(4), 0) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

export interface PackReading {
  readonly problem?: CheckProblem;
  /** `type:id` of the blobs that cannot be read from this pack. */
  readonly damaged: ReadonlySet<string>;
}

/** Reads one pack: its name, its header against the index, and every blob. */
export async function checkPackData(
  repository: Repository,
  pack: string,
  options: CallOptions = {},
): Promise<PackReading> {
  const places = [...repository.index.entriesOf(pack)];
  const damaged = new Set<string>();
  const causes: string[] = [];
  try {
    const bytes = await repository.backend.load({ kind: 'pack', name: pack }, options);
    if (fileName(bytes) !== pack) causes.push('its bytes do not match its name');
    const headerProblem = compareHeader(repository, bytes, places);
    if (headerProblem !== undefined) causes.push(headerProblem);
    for (const place of places) checkBlob(repository, bytes, place, { damaged, causes });
  } catch (error) {
    if (!isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND', 'BACKEND_DEVICE_FAILED')) throw error;
    causes.push(describeCause(error));
    for (const { type, id } of places) damaged.add(`${type}:${id}`);
  }
  if (causes.length === 0) return { damaged };
  const why = causes.slice(0, 3).join('; ');
  return { damaged, problem: { kind: 'pack-damaged', pack, why, blobCount: damaged.size } };
}

function checkBlob(
  repository: Repository,
  pack: Uint8Array,
  place: BlobPlace,
  found: { damaged: Set<string>; causes: string[] },
): void {
  const { type, id, offset, length, uncompressedLength } = place;
  try {
    const sealed = pack.subarray(offset, offset + length);
    openBlob({
      master: repository.master,
      sealed,
      id,
      ...(uncompressedLength === undefined ? {} : { uncompressedLength }),
    });
  } catch (error) {
    found.damaged.add(`${type}:${id}`);
    found.causes.push(`${type} blob ${id}: ${describeCause(error)}`);
  }
}

/** The header must list exactly the blobs that the index gives this pack. */
function compareHeader(
  repository: Repository,
  pack: Uint8Array,
  places: readonly BlobPlace[],
): string | undefined {
  try {
    const key = (blob: { id: string; type: string; offset: number; length: number }): string =>
      `${blob.offset} ${blob.length} ${blob.type} ${blob.id}`;
    const inHeader = readPackHeader(pack, repository.master).map(key).sort();
    const inIndex = places.map(key).sort();
    const equal = inHeader.length === inIndex.length && inHeader.every((k, i) => k === inIndex[i]);
    return equal ? undefined : 'its header and the index list different blobs';
  } catch (error) {
    if (error instanceof KeepsakeError) return `header: ${error.message}`;
    throw error;
  }
}
