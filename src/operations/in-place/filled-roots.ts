/** The roots of a snapshot's paths, file systems that are mounted below them among them. */
import { join } from 'node:path';
import { findNode } from '../../snapshot/find-node.ts';
import { loadTree } from '../../snapshot/tree-walk.ts';
import type { OpenSnapshot } from '../open-snapshot.ts';
import { findSwapRoots, realPath, type RootsRequest, type SwapRoots } from './swap-roots.ts';

/** Of mounts the snapshot may hold nothing: what is mounted there may not have been backed up. */
export async function findFilledRoots(
  open: OpenSnapshot,
  request: Omit<RootsRequest, 'takesMount'>,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<SwapRoots> {
  const filled = new Set<string>();
  for (const { path } of request.wanted) {
    const at = realPath(path);
    for (const point of request.mountPoints) {
      if (!point.startsWith(`${at}/`)) continue;
      const mounted = join(path, point.slice(at.length));
      if (await isFilled(open, mounted, signal)) filled.add(mounted);
    }
  }
  return findSwapRoots({ ...request, takesMount: (path) => filled.has(path) });
}

/** An empty folder stands for what was not backed up (`--one-file-system`). */
async function isFilled(
  { repository, snapshot }: OpenSnapshot,
  path: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const place = { rootTreeId: snapshot.tree, path };
  const node = await findNode(repository, place, { signal });
  if (node?.subtree === undefined) return false;
  const nodes = await loadTree(repository, { path, treeId: node.subtree }, { signal });
  return nodes.length > 0;
}
