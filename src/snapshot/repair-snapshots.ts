/**
 * `repair snapshots`: a new snapshot without what is lost for each one that is hurt. It is tagged
 * `damaged`, so that it is never taken for `latest`, and names the old one, which stays unless it
 * is to be forgotten. Where nothing was lost and only sizes were set right, it is not `damaged`.
 */
import type { CallOptions } from '../backend/backend.ts';
import { assertInternal, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Snapshot } from '../format/snapshot-file.ts';
import { examineUnlistedPack } from '../repository/repair-packs.ts';
import type { Repository, StoredSnapshot } from '../repository/repository.ts';
import { newArchiveCounts } from './archive-counts.ts';
import type { PackedTree } from './packed-tree.ts';
import { TreeRepair, type Repair } from './repair-tree.ts';
import { RepositoryTrees } from './tree-store.ts';

export interface SnapshotRepair extends StoredSnapshot {
  /** Tree of the new snapshot. */
  readonly tree: string;
  readonly repairs: readonly Repair[];
  /** The snapshot that an earlier repair made of it. */
  readonly repairedAs?: string | undefined;
}

/** A snapshot of which nothing can be read: its file is damaged, or the list of its root is lost. */
export interface LostSnapshot {
  readonly id: string;
  readonly snapshot?: Snapshot;
  readonly why: string;
  /** Removed by this repair: only if it was named and is to be forgotten. */
  readonly remove: boolean;
}

export interface SnapshotRepairPlan {
  readonly repairs: readonly SnapshotRepair[];
  readonly lost: readonly LostSnapshot[];
  /** Hurt, and not to be repaired by this version: they stay as they are. */
  readonly refused: readonly (StoredSnapshot & { readonly error: KeepsakeError })[];
  readonly soundCount: number;
  /** Whether old snapshots go. */
  readonly forget: boolean;
}

export interface SnapshotRepairOptions extends CallOptions {
  /** Ids; absent: all snapshots. */
  readonly only?: readonly string[] | undefined;
  readonly forget: boolean;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Writes nothing, and loads the index. Snapshots come first, packs last: whatever a backup beside
 * us finishes meanwhile, all that these snapshots name is then known. Throws `REPAIR_INDEX_FIRST` when the index names packs
 * that are not there, or when a pack that no index names holds what is missing.
 */
export async function planSnapshotRepair(
  repository: Repository,
  options: SnapshotRepairOptions,
): Promise<SnapshotRepairPlan> {
  const { only, forget, signal, onProgress } = options;
  const isMeant = (id: string): boolean => only?.includes(id) ?? true;
  const lost: LostSnapshot[] = [];
  const giveUp = (id: string, why: string, snapshot?: Snapshot): void => {
    const remove = forget && only?.includes(id) === true;
    lost.push({ id, why, remove, ...(snapshot === undefined ? {} : { snapshot }) });
  };
  const all = await loadSnapshots(repository, { signal, isMeant, giveUp });
  await repository.loadIndex({ signal });
  const stored = await loadStoredPacks(repository, { signal });
  const chosen = all.filter(({ id }) => isMeant(id));
  const trees = new TreeRepair({ reader: repository, signal, save: async () => {} });
  const repairs: SnapshotRepair[] = [];
  const refused: (StoredSnapshot & { error: KeepsakeError })[] = [];
  let soundCount = 0;
  for (const [at, { id, snapshot }] of chosen.entries()) {
    const repaired = await repairOrRefuse(trees, snapshot);
    if (repaired === undefined) giveUp(id, 'the list of its root is lost', snapshot);
    else if ('error' in repaired) refused.push({ id, snapshot, error: repaired.error });
    else if (repaired.id === snapshot.tree) soundCount += 1;
    else {
      const { id: tree } = repaired;
      const repairedAs = findRepaired(all, id, tree);
      repairs.push({ id, snapshot, tree, repairs: repaired.repairs, repairedAs });
    }
    onProgress?.(at + 1, chosen.length);
  }
  await refuseIfUnlisted(repository, { stored, missing: trees.missing }, { signal });
  return { repairs, lost, refused, soundCount, forget };
}

function loadSnapshots(
  repository: Repository,
  options: CallOptions & {
    isMeant: (id: string) => boolean;
    giveUp: (id: string, why: string) => void;
  },
): Promise<StoredSnapshot[]> {
  return repository.loadSnapshots({
    signal: options.signal,
    onDamage: ({ details, message }) => {
      const { name, why } = details as { name: string; why?: string };
      if (options.isMeant(name)) options.giveUp(name, `its file is damaged: ${why ?? message}`);
    },
  });
}

/** Packs by name and size. The index must not name one that is not there whole. */
async function loadStoredPacks(
  repository: Repository,
  options: CallOptions,
): Promise<ReadonlyMap<string, number>> {
  const stored = new Map<string, number>();
  for await (const { name, sizeBytes } of repository.backend.list('pack', options)) {
    stored.set(name, sizeBytes);
  }
  const { index } = repository;
  const gone = new Set(index.packIds().filter((id) => !stored.has(id)));
  for (const { packId, offset, length } of index.entries()) {
    if (offset + length > (stored.get(packId) ?? 0)) gone.add(packId);
  }
  if (gone.size > 0) throw new KeepsakeError('REPAIR_INDEX_FIRST', { gone: [...gone], found: [] });
  return stored;
}

async function repairOrRefuse(trees: TreeRepair, { tree }: Snapshot) {
  try {
    return await trees.repair(tree);
  } catch (error) {
    if (!isKeepsakeError(error, 'REPAIR_TREE_UNSUPPORTED')) throw error;
    return { error };
  }
}

function findRepaired(
  all: readonly StoredSnapshot[],
  original: string,
  tree: string,
): string | undefined {
  return all.find(({ snapshot }) => snapshot.original === original && snapshot.tree === tree)?.id;
}

/** What lies in a pack that no index names is not lost, only not found. */
async function refuseIfUnlisted(
  repository: Repository,
  { stored, missing }: { stored: ReadonlyMap<string, number>; missing: ReadonlySet<string> },
  { signal }: CallOptions,
): Promise<void> {
  if (missing.size === 0) return;
  const found: string[] = [];
  for (const name of stored.keys()) {
    if (repository.index.hasPack(name)) continue;
    const { audit } = await examineUnlistedPack(repository, name, { saidOfIt: [], signal });
    if (audit.intact.some(({ type, id }) => missing.has(`${type}:${id}`))) found.push(name);
  }
  if (found.length > 0) throw new KeepsakeError('REPAIR_INDEX_FIRST', { gone: [], found });
}

export type SnapshotRepairEvent =
  | { readonly type: 'saved'; readonly original: string; readonly id: string }
  | { readonly type: 'removed'; readonly id: string };

/** Needs the exclusive lock. New snapshots are durable before an old one goes. */
export async function* executeSnapshotRepair(
  repository: Repository,
  plan: SnapshotRepairPlan,
  { signal }: CallOptions = {},
): AsyncGenerator<SnapshotRepairEvent> {
  await saveTrees(repository, plan, { signal });
  for (const { id: original, snapshot, tree, repairs, repairedAs } of plan.repairs) {
    if (repairedAs !== undefined) continue;
    const tags = tagsAfter(snapshot, repairs);
    const id = await repository.saveSnapshot({ ...snapshot, tree, tags, original }, { signal });
    yield { type: 'saved', original, id };
  }
  const forgotten = plan.forget ? plan.repairs : [];
  for (const { id } of [...forgotten, ...plan.lost.filter(({ remove }) => remove)]) {
    repository.assertWritable();
    await repository.backend.remove({ kind: 'snapshot', name: id }, { signal });
    yield { type: 'removed', id };
  }
}

function tagsAfter({ tags = [] }: Snapshot, repairs: readonly Repair[]): string[] {
  const isHurt = repairs.some(({ kind }) => kind !== 'size');
  return [...new Set([...tags, 'repaired', ...(isHurt ? ['damaged'] : [])])];
}

async function saveTrees(
  repository: Repository,
  { repairs }: SnapshotRepairPlan,
  { signal }: CallOptions,
): Promise<void> {
  const open = repairs.filter(({ repairedAs }) => repairedAs === undefined);
  if (open.length === 0) return;
  const saver = repository.startWriting({ signal });
  const stored = new RepositoryTrees(repository, newArchiveCounts());
  const save = (tree: PackedTree) => stored.saveTree(tree);
  const trees = new TreeRepair({ reader: repository, signal, save });
  try {
    for (const { id, snapshot, tree } of open) {
      const repaired = await trees.repair(snapshot.tree);
      assertInternal(repaired?.id === tree, `snapshot ${id} changed since it was looked at`);
    }
    await saver.flush();
  } catch (error) {
    await saver.abandon();
    throw error;
  }
}
