/** `snapshots`: which there are, oldest first. */
import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { matchesFilter, pickById, type SnapshotFilter } from './choose-snapshot.ts';
import type { ReadingInput } from './open-snapshot.ts';
import { openSession } from './open-session.ts';
import { countSnapshots, type CountedSnapshots } from './snapshot-counts.ts';
import type { Workbench } from './workbench.ts';

export interface SnapshotsInput extends ReadingInput {
  readonly filter: SnapshotFilter;
  /** Ids or beginnings of ids; none: all that match the filter. */
  readonly ids: readonly string[];
  /** Only so many of each host and set of paths, the newest. */
  readonly latest?: number | undefined;
  /** Also read what each one's manifest counted. */
  readonly counts: boolean;
}

export interface SnapshotsResult {
  readonly snapshots: readonly StoredSnapshot[];
  /** How many the repository holds, whatever was asked for; damaged ones left out. */
  readonly totalCount: number;
  /** One for each snapshot file that cannot be read. */
  readonly damaged: readonly KeepsakeError[];
  readonly counted?: CountedSnapshots;
}

/** Throws `REPOSITORY_SNAPSHOT_NOT_FOUND` for an id that names none, or several. */
export async function listSnapshots(
  workbench: Workbench,
  input: SnapshotsInput,
): Promise<SnapshotsResult> {
  const { filter, ids, latest, signal } = input;
  await using session = await openSession(workbench, input.repository, input);
  const damaged: KeepsakeError[] = [];
  const all = await session.repository.loadSnapshots({
    signal,
    onDamage: (error) => damaged.push(error),
  });
  const names = damaged.map(({ details }) => (details as { name: string }).name);
  const named = new Set(ids.map((id) => pickById(all, id, names).id));
  const matching = all.filter((stored) =>
    ids.length > 0 ? named.has(stored.id) : matchesFilter(stored, filter),
  );
  const snapshots = latest === undefined ? matching : newestOfEach(matching, latest);
  const result = { snapshots, totalCount: all.length, damaged };
  if (!input.counts) return result;
  return { ...result, counted: await countSnapshots(session.repository, snapshots, { signal }) };
}

/** Keeps the order. Hosts and paths make the groups, as for restic's `--latest`. */
export function newestOfEach(
  snapshots: readonly StoredSnapshot[],
  limit: number,
): StoredSnapshot[] {
  const counts = new Map<string, number>();
  return snapshots
    .toReversed()
    .filter(({ snapshot }) => {
      const key = JSON.stringify([snapshot.hostname, [...snapshot.paths].sort()]);
      const seen = counts.get(key) ?? 0;
      counts.set(key, seen + 1);
      return seen < limit;
    })
    .reverse();
}
