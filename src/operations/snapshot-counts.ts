/**
 * What each snapshot's manifest counted, and what changed since the one before: the way to find the
 * last snapshot from before rows were deleted.
 */
import { mapConcurrent } from '../base/concurrency.ts';
import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Repository, StoredSnapshot } from '../repository/repository.ts';
import { loadManifest } from '../snapshot/load-manifest.ts';
import { compareManifests, type ManifestChanges } from '../snapshot/manifest-changes.ts';
import type { Manifest } from '../snapshot/manifest.ts';
import { isSnapshotDamage } from './snapshot-damage.ts';

export interface SnapshotCounts {
  /** Of all databases together; `undefined`: it holds none. */
  readonly rowCount: number | undefined;
  /** Databases left out. `undefined`: it holds only databases. */
  readonly fileCount: number | undefined;
  readonly databases: Manifest['databases'];
  readonly folders: Manifest['files'];
  /** Against the newest one before it, of the same host, that counted the same database or folder. */
  readonly changes: ManifestChanges;
}

export interface CountedSnapshots {
  /** By id; one without a manifest is missing. */
  readonly counts: ReadonlyMap<string, SnapshotCounts>;
  /** One for each manifest that cannot be read. */
  readonly damaged: readonly { readonly id: string; readonly error: KeepsakeError }[];
}

/** `snapshots`: oldest first. */
export async function countSnapshots(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  { signal }: { signal?: AbortSignal | undefined },
): Promise<CountedSnapshots> {
  await repository.loadIndex({ signal });
  const counts = new Map<string, SnapshotCounts>();
  const damaged: { id: string; error: KeepsakeError }[] = [];
  const before = new LastCounted();
  const loaded = mapConcurrent(
    snapshots,
    async (stored) => ({ stored, ...(await tryManifest(repository, stored, signal)) }),
    { limit: repository.backend.connections, signal },
  );
  for await (const { stored, manifest, error } of loaded) {
    const { id, snapshot } = stored;
    if (error !== undefined) damaged.push({ id, error });
    if (manifest === undefined) continue;
    const changes = before.changesTo(manifest, snapshot.hostname ?? '');
    counts.set(id, { ...countsOf(manifest), changes });
  }
  return { counts, damaged };
}

async function tryManifest(
  repository: Repository,
  { snapshot }: StoredSnapshot,
  signal: AbortSignal | undefined,
): Promise<{ manifest?: Manifest | undefined; error?: KeepsakeError }> {
  try {
    return { manifest: await loadManifest(repository, snapshot.tree, { signal }) };
  } catch (error) {
    if (!isSnapshotDamage(error)) throw error;
    return { error };
  }
}

function countsOf({ databases, files }: Manifest): Omit<SnapshotCounts, 'changes'> {
  const rows = databases.flatMap(({ tables }) => tables.map(({ rowCount }) => rowCount ?? 0));
  return {
    rowCount: databases.length === 0 ? undefined : sum(rows),
    fileCount: files.length === 0 ? undefined : sum(files.map(({ fileCount }) => fileCount)),
    databases,
    folders: files,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** A snapshot with gaps, or of the database alone, does not stand between two that have all. */
class LastCounted {
  readonly #databases = new Map<string, Manifest['databases'][number]>();
  readonly #folders = new Map<string, Manifest['files'][number]>();

  changesTo(manifest: Manifest, hostname: string): ManifestChanges {
    const key = ({ path }: { path: string }): string => JSON.stringify([hostname, path]);
    const known = {
      databases: manifest.databases.flatMap((each) => this.#databases.get(key(each)) ?? []),
      files: manifest.files.flatMap((each) => this.#folders.get(key(each)) ?? []),
    };
    const met = {
      databases: manifest.databases.filter((each) => this.#databases.has(key(each))),
      files: manifest.files.filter((each) => this.#folders.has(key(each))),
    };
    for (const each of manifest.databases) this.#databases.set(key(each), each);
    for (const each of manifest.files) this.#folders.set(key(each), each);
    return compareManifests(known, met);
  }
}
