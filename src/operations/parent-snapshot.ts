/** The snapshot a backup compares with: unchanged files are taken over from it. */
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Repository, StoredSnapshot } from '../repository/repository.ts';
import type { ArchiveParent } from '../snapshot/archive-options.ts';
import { loadManifest } from '../snapshot/load-manifest.ts';
import type { Manifest } from '../snapshot/manifest.ts';
import type { BackupInput } from './backup-input.ts';
import { isSnapshotDamage } from './snapshot-damage.ts';

export interface BackupParent extends ArchiveParent {
  readonly id: string;
  readonly time: string;
  readonly manifest?: Manifest | undefined;
}

export interface ParentSearch extends Pick<
  BackupInput,
  'hostname' | 'subject' | 'only' | 'signal'
> {
  /** Of whoever reads the files now. */
  readonly uid?: number;
  /** Told, now or while the backup runs, that a snapshot is damaged: once of each. */
  readonly onDamage: (error: KeepsakeError) => void;
}

/**
 * The newest of `snapshots`, oldest first, with the same host and paths, as restic chooses it. What
 * is damaged in it counts as not seen before: it is read and stored anew. The index must be loaded.
 */
export async function findParent(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  search: ParentSearch,
): Promise<BackupParent | undefined> {
  for (const candidate of parentCandidates(snapshots, search).slice(0, 3)) {
    const parent = await tryParent(repository, candidate, search);
    if (parent !== undefined) return parent;
  }
  return undefined;
}

/** Those that may be chosen, the newest first. */
export function parentCandidates(
  snapshots: readonly StoredSnapshot[],
  { hostname, subject, only }: Pick<ParentSearch, 'hostname' | 'subject' | 'only'>,
): StoredSnapshot[] {
  const candidates = snapshots.filter(
    ({ snapshot }) =>
      snapshot.hostname === hostname &&
      sameElements(snapshot.paths, subject.paths) &&
      // It has none of the files, which would all be read again.
      (only === 'database' || snapshot.tags?.includes('database-only') !== true),
  );
  return candidates.reverse();
}

async function tryParent(
  repository: Repository,
  { id, snapshot }: StoredSnapshot,
  { onDamage, uid, signal }: ParentSearch,
): Promise<BackupParent | undefined> {
  const { tree } = snapshot;
  let isTold = false;
  const unlessDamaged = async <T>(load: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await load();
    } catch (error) {
      if (!isSnapshotDamage(error)) throw error;
      const details = { snapshot: id, why: describeCause(error) };
      if (!isTold) onDamage(new KeepsakeError('PARENT_DAMAGED', details, { cause: error }));
      isTold = true;
      return undefined;
    }
  };
  const load = (treeId: string) => unlessDamaged(() => repository.loadTree(treeId, { signal }));
  if ((await load(tree)) === undefined) return undefined;
  return {
    id,
    time: snapshot.time,
    tree,
    trees: {
      load: async (treeId) => (await load(treeId)) ?? [],
      loadBytes: (treeId) => unlessDamaged(() => repository.loadTreeBytes(treeId, { signal })),
    },
    // Another user sees other attributes, and one that could not be read makes a snapshot partial.
    // The uid 0 is left out, as by restic.
    hasAllAttributes: (snapshot.uid ?? 0) === uid && snapshot.tags?.includes('partial') !== true,
    manifest: await unlessDamaged(() => loadManifest(repository, tree, { signal })),
  };
}

function sameElements(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join('\0') === [...b].sort().join('\0');
}
