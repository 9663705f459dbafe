import { joinPath } from '../base/raw-path.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node, NodeList } from '../format/node.ts';
import type { BlobReader, ReadOptions } from './blob-reader.ts';
import { loadTree } from './tree-walk.ts';

/** The node at `path` below `rootTreeId`; `undefined` when there is none, and for the root itself. */
export async function findNode(
  reader: BlobReader,
  { rootTreeId, path }: { rootTreeId: string; path: string },
  options: ReadOptions = {},
): Promise<Node | undefined> {
  let treeId: string | undefined = rootTreeId;
  let at = '/';
  let found: Node | undefined;
  for (const name of namesOf(path)) {
    if (treeId === undefined) return undefined;
    const nodes: NodeList = await loadTree(reader, { path: at, treeId }, options);
    found = nodeCalled(nodes, name);
    if (found === undefined) return undefined;
    treeId = found.type === 'dir' ? found.subtree : undefined;
    at = joinPath(at, name);
  }
  return found;
}

function nodeCalled(nodes: NodeList, name: string): Node | undefined {
  for (const node of nodes) if (node.name === name) return node;
  return undefined;
}

/**
 * The tree of the folder at `path`, as in `SNAPSHOT:folder`. Throws `SNAPSHOT_PATH_NOT_FOUND`, or
 * `SNAPSHOT_PATH_WRONG_TYPE` when something else stands there.
 */
export async function findTree(
  reader: BlobReader,
  { rootTreeId, path }: { rootTreeId: string; path: string },
  options: ReadOptions = {},
): Promise<string> {
  if (namesOf(path).length === 0) return rootTreeId;
  const node = await findNode(reader, { rootTreeId, path }, options);
  if (node === undefined) throw new KeepsakeError('SNAPSHOT_PATH_NOT_FOUND', { path });
  if (node.type !== 'dir' || node.subtree === undefined) {
    const { type } = node;
    throw new KeepsakeError('SNAPSHOT_PATH_WRONG_TYPE', { path, type, wanted: 'dir' });
  }
  return node.subtree;
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
