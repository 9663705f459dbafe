/** The snapshots an import has to do with: the one it compares with, and the one it would repeat. */
import { isSameTime, timeFromNs } from '../../format/go-time.ts';
import type { Node } from '../../format/node.ts';
import type { Repository, StoredSnapshot } from '../../repository/repository.ts';
import { findNode } from '../../snapshot/find-node.ts';
import { loadManifest } from '../../snapshot/load-manifest.ts';
import type { ManifestDatabase } from '../../snapshot/manifest.ts';
import type { StreamFacts } from '../../snapshot/stream-digest.ts';
import { isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import { findParent, type BackupParent } from '../parent-snapshot.ts';

export const IMPORTED_TAG = 'imported';

export interface SnapshotSearch {
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly time: Date;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The nearest older one, else the nearest younger one: its pieces are of the size that the others
 * have, too. What is damaged in it is not used.
 */
export async function findNearest(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  { hostname, paths, time, signal }: SnapshotSearch,
): Promise<BackupParent | undefined> {
  const isOlder = ({ snapshot }: StoredSnapshot) => Date.parse(snapshot.time) <= time.getTime();
  const older = snapshots.filter(isOlder);
  const younger = snapshots.filter((stored) => !isOlder(stored)).reverse();
  const none = { optionalPaths: [], databases: [], references: [], excludes: [] };
  const search = { hostname, subject: { paths, ...none }, signal, onDamage: () => {} };
  const parent = await findParent(repository, [...younger, ...older], search);
  if (parent?.manifest === undefined) return parent;
  // By its state a live database is known as unchanged: that says nothing about an archive.
  const databases = parent.manifest.databases.map(withoutState);
  return { ...parent, manifest: { ...parent.manifest, databases } };
}

function withoutState({ state: _state, ...database }: ManifestDatabase): ManifestDatabase {
  return database;
}

export interface ImportedSearch extends SnapshotSearch {
  readonly facts: StreamFacts;
  /** Of a single database: one that went to another place is to be imported again. */
  readonly databasePath?: string | undefined;
}

/** The snapshot that the same bytes of the same time went into. */
export async function findImported(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  { hostname, paths, time, signal, facts, databasePath }: ImportedSearch,
): Promise<StoredSnapshot | undefined> {
  const at = timeFromNs(BigInt(time.getTime()) * 1_000_000n);
  for (const stored of snapshots) {
    const { snapshot } = stored;
    const isLike =
      snapshot.tags?.includes(IMPORTED_TAG) === true &&
      snapshot.hostname === hostname &&
      isSameTime(snapshot.time, at) &&
      [...snapshot.paths].sort().join('\0') === [...paths].sort().join('\0');
    if (!isLike) continue;
    const manifest = await unlessDamaged(() => loadManifest(repository, snapshot.tree, { signal }));
    if (manifest?.imported?.sha256 !== facts.sha256) continue;
    if (databasePath === undefined) return stored;
    const place = { path: databasePath, signal };
    if ((await nodeAt(repository, snapshot.tree, place)) !== undefined) return stored;
  }
  return undefined;
}

interface PlaceInTree {
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}

/** What stands at a path of the parent. */
export async function nodeInParent(
  repository: Repository,
  parent: BackupParent | undefined,
  place: PlaceInTree,
): Promise<Node | undefined> {
  return parent === undefined ? undefined : nodeAt(repository, parent.tree, place);
}

function nodeAt(
  repository: Repository,
  rootTreeId: string,
  { path, signal }: PlaceInTree,
): Promise<Node | undefined> {
  return unlessDamaged(() => findNode(repository, { rootTreeId, path }, { signal }));
}

async function unlessDamaged<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (isKeepsakeError(error) && /^(SNAPSHOT|TREE|REPOSITORY_BLOB)_/.test(error.code))
      return undefined;
    throw error;
  }
}
