/** From the members of an archive to the nodes of a snapshot. */
import type { Node } from '../../format/node.ts';
import type { Repository } from '../../repository/repository.ts';
import type { BackupParent } from '../parent-snapshot.ts';
import { SINGLE_DATABASE, type Collected } from './collect-members.ts';
import type { ImportedDatabase } from './import-input.ts';
import type { Places } from './import-places.ts';
import { ImportedSource, nodeOf, plainFolder, type ImportedNode } from './imported-source.ts';
import type { LaidOutDatabase } from './judge-copies.ts';
import type { MemberStore } from './member-store.ts';
import type { ImportedEntry } from './member-table.ts';
import { nodeInParent } from './nearest-parent.ts';

export interface ImportedNodesOptions {
  readonly repository: Repository;
  readonly parent: BackupParent | undefined;
  readonly collected: Collected;
  readonly places: Places;
  readonly members: MemberStore;
  readonly databases: readonly LaidOutDatabase[];
  readonly judged: ReadonlyMap<string, ImportedDatabase>;
  readonly time: Date;
  readonly signal: AbortSignal | undefined;
}

export type ImportedNodes = ReadonlyMap<string, ImportedNode>;

/** By path. A captured database is complete without the files beside it. */
export async function importedNodes(options: ImportedNodesOptions): Promise<ImportedNodes> {
  const { collected, places, databases, judged } = options;
  const captured = databases.filter(({ key }) => judged.get(key)?.verdict !== 'torn');
  const isCaptured = new Set(captured.map(({ key }) => key));
  const dropped = new Set(captured.flatMap(({ sidecars }) => sidecars));
  const contents = new Contents(options.members);
  const nodes = new Map<string, ImportedNode>();
  for (const [key, entry] of collected.table.entries) {
    const path = places.paths.get(key);
    if (path === undefined || dropped.has(key)) continue;
    const isDatabase = isCaptured.has(key);
    const blobs = isDatabase ? [] : await contents.of(entry);
    const node = nodeOf(path, { ...entry, blobs });
    const owned = key.startsWith(SINGLE_DATABASE) ? await asInParent(path, node, options) : node;
    nodes.set(path, { node: owned, isDatabase });
  }
  return nodes;
}

/** As the archiver walks it. */
export async function sourceOf(
  nodes: ImportedNodes,
  { repository, parent, time, signal }: ImportedNodesOptions,
): Promise<ImportedSource> {
  const folders = new Map<string, Node>();
  for (const path of nodes.keys()) {
    for (let at = path; at !== '';) {
      at = at.slice(0, at.lastIndexOf('/'));
      if (at === '' || nodes.has(at) || folders.has(at)) continue;
      const known = await nodeInParent(repository, parent, { path: at, signal });
      const { subtree: _, ...node } = known?.type === 'dir' ? known : plainFolder(at, time);
      folders.set(at, node);
    }
  }
  return new ImportedSource(nodes, (path) => folders.get(path) ?? plainFolder(path, time));
}

/** Second names of a file, and what had to wait for the judgement. */
class Contents {
  readonly #members: MemberStore;
  readonly #stored = new Map<ImportedEntry, readonly string[] | undefined>();

  constructor(members: MemberStore) {
    this.#members = members;
  }

  async of(entry: ImportedEntry): Promise<readonly string[] | undefined> {
    const { blobs, copy } = entry;
    if (blobs !== undefined || copy === undefined) return blobs;
    const known = this.#stored.get(entry);
    if (known !== undefined) return known;
    const stored = await this.#members.saveCopy(copy);
    this.#stored.set(entry, stored);
    return stored;
  }
}

/** A copy that lies in somebody's home folder is theirs; the app's database is the app's. */
async function asInParent(
  path: string,
  node: Node,
  { repository, parent, signal }: ImportedNodesOptions,
): Promise<Node> {
  const live = await nodeInParent(repository, parent, { path, signal });
  if (live?.type !== 'file') return node;
  const { user: _, group: __, ...rest } = node;
  const { mode, uid, gid, user, group } = live;
  return {
    ...rest,
    mode,
    uid,
    gid,
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
  };
}
