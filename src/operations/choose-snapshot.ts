/** Which snapshot a person means by `latest`, an id or the beginning of one. */
import type { Clock } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Repository, StoredSnapshot } from '../repository/repository.ts';

/**
 * Tags of snapshots that are not complete or not the app's ordinary backups: `latest` passes them
 * over unless one is asked for by its tag.
 */
export const INCOMPLETE_TAGS: ReadonlySet<string> = new Set([
  'partial',
  'damaged',
  'unverified',
  'restore-point',
  'proof',
  'database-only',
]);

/** Clocks of two machines differ. */
const CLOCK_TOLERANCE_MS = 3_600_000;

export interface SnapshotFilter {
  readonly app?: string | undefined;
  /** Any of them; none given: all. */
  readonly hosts?: readonly string[] | undefined;
  /** One of the lists must be there as a whole (restic's `--tag a,b --tag c`). */
  readonly tagLists?: readonly (readonly string[])[] | undefined;
  /** All of them must be there. */
  readonly paths?: readonly string[] | undefined;
}

export interface ChosenSnapshot extends StoredSnapshot {
  /** From `SNAP:/folder`; `/` without. */
  readonly subfolder: string;
}

export function isComplete({ snapshot }: StoredSnapshot): boolean {
  return !(snapshot.tags ?? []).some((tag) => INCOMPLETE_TAGS.has(tag));
}

export function matchesFilter({ snapshot }: StoredSnapshot, filter: SnapshotFilter): boolean {
  const { app, hosts = [], tagLists = [], paths = [] } = filter;
  const hasTags = (tags: readonly string[]) =>
    tags.every((tag) => snapshot.tags?.includes(tag) === true);
  return (
    (app === undefined || hasTags([`app:${app}`])) &&
    (hosts.length === 0 || hosts.some((host) => host === snapshot.hostname)) &&
    (tagLists.length === 0 || tagLists.some(hasTags)) &&
    paths.every((path) => snapshot.paths.includes(path))
  );
}

export interface ChooseOptions extends SnapshotFilter {
  /** Told of damaged snapshot files where the choice may have been another one without the damage. */
  readonly warn?: ((message: string) => void) | undefined;
  /** By which a time that is yet to come is told. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Throws `REPOSITORY_SNAPSHOT_NOT_FOUND` for none, or for an ambiguous beginning of an id, and
 * `REPOSITORY_NO_COMPLETE_SNAPSHOT` where `latest` would pass over all there are.
 */
export async function chooseSnapshot(
  repository: Repository,
  wanted: string,
  { signal, warn, clock, ...filter }: ChooseOptions = {},
): Promise<ChosenSnapshot> {
  const { name, subfolder } = splitWanted(wanted);
  const damaged: string[] = [];
  const snapshots = await repository.loadSnapshots({
    signal,
    onDamage: ({ details }) => damaged.push((details as { name: string }).name),
  });
  const isLatest = name === 'latest';
  if (isLatest) for (const file of damaged) warn?.(describePassedOver(file));
  const chosen = isLatest ? chooseLatest(snapshots, filter) : pickById(snapshots, name, damaged);
  if (isLatest && clock !== undefined) {
    const latestMs = clock.now().getTime() + CLOCK_TOLERANCE_MS;
    const past = snapshots.filter(({ snapshot }) => Date.parse(snapshot.time) <= latestMs);
    const before = past.includes(chosen) ? undefined : findLatest(past, filter);
    if (before !== undefined) warn?.(describeYetToCome(chosen, before));
  }
  return { ...chosen, subfolder };
}

function describePassedOver(file: string): string {
  return `snapshot ${file.slice(0, 8)} is damaged and was passed over: "latest" may be older than you think. See \`keepsake check\``;
}

function describeYetToCome({ id, snapshot }: StoredSnapshot, before: StoredSnapshot): string {
  return `"latest" is snapshot ${id.slice(0, 8)}, whose time is yet to come (${snapshot.time}): a clock was wrong. The newest of the past is ${before.id.slice(0, 8)}; type that id if it is meant`;
}

function splitWanted(wanted: string): { name: string; subfolder: string } {
  const colon = wanted.indexOf(':');
  if (colon < 0) return { name: wanted, subfolder: '/' };
  return { name: wanted.slice(0, colon), subfolder: wanted.slice(colon + 1) || '/' };
}

function chooseLatest(
  snapshots: readonly StoredSnapshot[],
  filter: SnapshotFilter,
): StoredSnapshot {
  const latest = findLatest(snapshots, filter);
  if (latest !== undefined) return latest;
  // A proof is of a snapshot, and nothing of the app.
  const newest = snapshots.findLast(
    (stored) => matchesFilter(stored, filter) && stored.snapshot.tags?.includes('proof') !== true,
  );
  if (newest !== undefined) {
    const tags = (newest.snapshot.tags ?? []).filter((tag) => INCOMPLETE_TAGS.has(tag));
    throw new KeepsakeError('REPOSITORY_NO_COMPLETE_SNAPSHOT', { newest: newest.id, tags });
  }
  throw new KeepsakeError('REPOSITORY_SNAPSHOT_NOT_FOUND', { wanted: 'latest', candidates: [] });
}

function findLatest(
  snapshots: readonly StoredSnapshot[],
  filter: SnapshotFilter,
): StoredSnapshot | undefined {
  const byTag = (filter.tagLists ?? []).flat().some((tag) => INCOMPLETE_TAGS.has(tag));
  return snapshots.findLast(
    (stored) => matchesFilter(stored, filter) && (byTag || isComplete(stored)),
  );
}

/** `damaged`: names of files that cannot be read. Throws as `chooseSnapshot`. */
export function pickById(
  snapshots: readonly StoredSnapshot[],
  prefix: string,
  damaged: readonly string[],
): StoredSnapshot {
  const matches = snapshots.filter(({ id }) => prefix !== '' && id.startsWith(prefix));
  const [only] = matches;
  const ruined = damaged.find((name) => prefix !== '' && name.startsWith(prefix));
  if (only !== undefined && matches.length === 1 && ruined === undefined) return only;
  if (only === undefined && ruined !== undefined) {
    const why = 'its bytes are not what was written';
    throw new KeepsakeError('REPOSITORY_FILE_DAMAGED', { kind: 'snapshot', name: ruined, why });
  }
  const candidates = matches.map(({ id }) => id.slice(0, 12));
  throw new KeepsakeError('REPOSITORY_SNAPSHOT_NOT_FOUND', { wanted: prefix, candidates });
}
