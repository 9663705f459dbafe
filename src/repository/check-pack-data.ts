/** `check --read-data`: reads whole packs and opens every blob. */
import type { CallOptions } from '../backend/backend.ts';
import { readUint32 } from '../base/bytes.ts';
import type { Random } from '../base/clock.ts';
import { describeCause } from '../base/errors/keepsake-error.ts';
import { isFileDamage } from './blob-loader.ts';
import type { CheckProblem } from './check-problem.ts';
import type { PackAudit } from './pack-audit.ts';
import { readPack, type ReadingParts, type ReadPack } from './pack-reading.ts';
import type { Repository } from './repository.ts';
import type { RunOpener } from './run-opener.ts';

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
  { backend, master, index }: Repository,
  { name, sizeBytes, opener }: { name: string; sizeBytes: number; opener: RunOpener },
  options: CallOptions = {},
): Promise<PackReading> {
  const blobs = [...index.entriesOf(name)];
  const parts = { backend, master, opener };
  const { causes, damaged } = await readOrDamaged(parts, { name, sizeBytes, blobs }, options);
  const keys = new Set(damaged.map(({ type, id }) => `${type}:${id}`));
  if (causes.length === 0) return { damaged: keys };
  const why = causes.slice(0, 3).join('; ');
  const problem = { kind: 'pack-damaged', pack: name, why, blobCount: damaged.length } as const;
  return { damaged: keys, problem };
}

async function readOrDamaged(
  parts: ReadingParts,
  pack: ReadPack,
  options: CallOptions,
): Promise<PackAudit> {
  try {
    return await readPack(parts, pack, options);
  } catch (error) {
    if (!isFileDamage(error)) throw error;
    return { causes: [describeCause(error)], intact: [], damaged: pack.blobs };
  }
}
