/** The snapshot a backup compares with: unchanged files are taken over from it. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeTree } from '../format/tree.ts';
import type { Repository, StoredSnapshot } from '../repository/repository.ts';
import type { ArchiveParent } from '../snapshot/archive-options.ts';
import type { Manifest } from '../snapshot/manifest.ts';
import { loadManifest } from '../snapshot/load-manifest.ts';
import type { BackupInput } from './backup-input.ts';

export interface BackupParent extends ArchiveParent {
  readonly id: string;
  readonly manifest?: Manifest | undefined;
}

/**
 * The newest snapshot of the same host and paths, as restic chooses it. A damaged one is passed
 * over: the backup then reads everything, which heals what it can.
 */
export async function findParent(
  repository: Repository,
  { hostname, subject, only, signal }: BackupInput,
): Promise<BackupParent | undefined> {
  const snapshots = await repository.loadSnapshots({ signal, onDamage: () => {} });
  const candidates = snapshots.filter(
    ({ snapshot }) =>
      snapshot.hostname === hostname &&
      sameElements(snapshot.paths, subject.paths) &&
      // It has none of the files, which would all be read again.
      (only === 'database' || snapshot.tags?.includes('database-only') !== true),
  );
  for (const candidate of candidates.reverse().slice(0, 3)) {
    const parent = await tryParent(repository, candidate);
    if (parent !== undefined) return parent;
  }
  return undefined;
}

async function tryParent(
  repository: Repository,
  { id, snapshot }: StoredSnapshot,
): Promise<BackupParent | undefined> {
  const trees = {
    load: async (treeId: string) => decodeTree(await repository.loadBlob('tree', treeId)),
  };
  try {
    await trees.load(snapshot.tree);
    return {
      id,
      tree: snapshot.tree,
      trees: tolerant(trees),
      manifest: await loadManifest(repository, snapshot.tree),
    };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** A folder whose tree is damaged counts as not seen before. */
function tolerant(trees: ArchiveParent['trees']): ArchiveParent['trees'] {
  return {
    async load(treeId) {
      try {
        return await trees.load(treeId);
      } catch (error) {
        if (!isDamage(error)) throw error;
        return [];
      }
    },
  };
}

function isDamage(error: unknown): boolean {
  return (
    isKeepsakeError(error, 'REPOSITORY_BLOB_MISSING', 'REPOSITORY_BLOB_DAMAGED') ||
    isKeepsakeError(error, 'SNAPSHOT_MANIFEST_INVALID') ||
    (isKeepsakeError(error) && error.code.startsWith('TREE_'))
  );
}

function sameElements(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join('\0') === [...b].sort().join('\0');
}
