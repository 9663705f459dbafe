/** Which paths of a snapshot come to an empty machine, and what stands in their way. */
import { joinPath } from '../../base/raw-path.ts';
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodeRawName, fsPath } from '../../base/raw-name.ts';
import type { Node } from '../../format/node.ts';
import type { Snapshot } from '../../format/snapshot-file.ts';
import type { BlobReader } from '../../snapshot/blob-reader.ts';
import { MANIFEST_FOLDER } from '../../snapshot/manifest.ts';
import { loadTree } from '../../snapshot/tree-walk.ts';
import { sidecarsOf } from '../../sqlite/database-file.ts';
import { isSameOrBelow, realPath } from '../in-place/swap-roots.ts';

export interface TargetSearch {
  readonly reader: BlobReader;
  readonly snapshot: Pick<Snapshot, 'tree' | 'paths'>;
  /** Paths in the snapshot. */
  readonly databases: readonly string[];
  readonly mountPoints: ReadonlySet<string>;
  /** Of a rebuild that was cut off: as if it were not there. */
  readonly ignored: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

export interface Targets {
  /** Each comes with all that is below it: the topmost that is not here, or is an empty folder. */
  readonly wanted: readonly string[];
  /** What is here already. */
  readonly inTheWay: readonly string[];
}

/**
 * Folders above the paths of the backup are only gone through where they exist: they are the
 * machine's. Where they do not, they come with what they had.
 */
export async function findTargets(search: TargetSearch): Promise<Targets> {
  const { snapshot, databases } = search;
  const found = { wanted: [] as string[], inTheWay: [] as string[] };
  await look({ path: '/', treeId: snapshot.tree }, search, found);
  for (const path of found.wanted.filter((each) => databases.includes(each))) {
    // SQLite would replay it over the restored one.
    found.inTheWay.push(...sidecarsOf(realPath(path)).filter(isThere));
  }
  return found;
}

async function look(
  { path, treeId }: { path: string; treeId: string },
  search: TargetSearch,
  found: { wanted: string[]; inTheWay: string[] },
): Promise<void> {
  const { reader, snapshot, signal } = search;
  for (const node of await loadTree(reader, { path, treeId }, { signal })) {
    const at = joinPath(path, node.name);
    if (path === '/' && node.name === MANIFEST_FOLDER) continue;
    if (!isThere(at)) found.wanted.push(at);
    else if (isAbovePaths(at, snapshot) && isFolder(at) && node.subtree !== undefined) {
      await look({ path: at, treeId: node.subtree }, search, found);
    } else if (isEmptyFolderFor(node, at, search)) found.wanted.push(at);
    else found.inTheWay.push(at);
  }
}

function isAbovePaths(at: string, { paths }: TargetSearch['snapshot']): boolean {
  return !paths.some((path) => isSameOrBelow(at, path));
}

function isEmptyFolderFor(node: Node, at: string, search: TargetSearch): boolean {
  return node.type === 'dir' && isFolder(at) && holdsNothing(realPath(at), search);
}

/** Folders alone, such as the mount points of disks that wait to be filled, are nothing. */
function holdsNothing(at: string, search: TargetSearch): boolean {
  const { mountPoints, ignored } = search;
  try {
    for (const entry of readdirSync(fsPath(at), { withFileTypes: true, encoding: 'buffer' })) {
      const below = join(at, decodeRawName(entry.name));
      if (ignored.has(below) || isLostAndFound(below, mountPoints)) continue;
      if (!entry.isDirectory() || !holdsNothing(below, search)) return false;
    }
    return true;
  } catch {
    return false; // not ours to read
  }
}

/** A new ext file system has one, and it stays. */
export function isLostAndFound(path: string, mountPoints: ReadonlySet<string>): boolean {
  return basename(path) === 'lost+found' && mountPoints.has(dirname(path));
}

function isThere(path: string): boolean {
  return lstatSync(fsPath(path), { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(fsPath(path), { throwIfNoEntry: false })?.isDirectory() === true;
}
