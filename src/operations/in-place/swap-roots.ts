/** Which paths of an app a change replaces, where they really are, and where their new state waits. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodeRawName, fsPath } from '../../base/raw-name.ts';
import { PLACE_PREFIX, type ChangePlace } from './change-journal.ts';
import type { SwapRoot } from './swap-units.ts';

export interface WantedPath {
  /** As in the snapshot and the config. */
  readonly path: string;
  /** The path of the app that it lies in, or is. */
  readonly within: string;
  readonly linkedFrom?: string;
  readonly onlyIfMissing?: boolean;
}

export interface RootsRequest {
  readonly id: string;
  readonly wanted: readonly WantedPath[];
  readonly mountPoints: ReadonlySet<string>;
  /** A file system mounted below a path is replaced with it; false: it stays as it is. */
  readonly takesMount: (path: string) => boolean;
}

export interface SwapRoots {
  readonly roots: readonly SwapRoot[];
  readonly places: readonly ChangePlace[];
}

export function findSwapRoots(request: RootsRequest): SwapRoots {
  const roots: SwapRoot[] = [];
  for (const { path, within, onlyIfMissing, linkedFrom } of request.wanted) {
    const at = realPath(path);
    const root = makeRoot({ path, at, within: realPath(within) }, request);
    const all = [
      { ...root, ...(onlyIfMissing === true && { onlyIfMissing }) },
      ...mountedBelow({ path, at }, request),
    ];
    roots.push(...all.map((each) => withLink(each, { path, linkedFrom })));
  }
  const places = new Set(roots.map(({ place }) => place));
  return {
    roots,
    places: [...places].map((path) => ({ path })),
  };
}

/** Folders in which the places of a change of these paths are, for whoever looks for them. */
export function placeFolders(
  paths: readonly string[],
  mountPoints: ReadonlySet<string>,
): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    const at = realPath(path);
    folders.add(mountPoints.has(at) ? at : dirname(at));
    for (const point of mountPoints) if (point.startsWith(`${at}/`)) folders.add(point);
  }
  return folders;
}

/** What the path leads to; of something that is not there, where it would be. */
export function realPath(path: string): string {
  try {
    return decodeRawName(realpathSync(fsPath(path), { encoding: 'buffer' }));
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

function withLink(
  root: SwapRoot,
  { path, linkedFrom }: { path: string; linkedFrom: string | undefined },
): SwapRoot {
  if (linkedFrom === undefined) return root;
  return { ...root, linkedFrom: linkedFrom + root.path.slice(path.length) };
}

function makeRoot(
  { path, at, within }: { path: string; at: string; within: string },
  { id, mountPoints }: RootsRequest,
): SwapRoot {
  const folder = folderOnSameMount(at, within, mountPoints);
  const place = join(folder, `${PLACE_PREFIX}${id}`);
  const [fresh, old, stray] = ['new', 'old', 'stray'].map((part) => join(place, part, path));
  return {
    path,
    at,
    place,
    fresh: fresh ?? '',
    old: old ?? '',
    stray: stray ?? '',
    isMount: mountPoints.has(at),
  };
}

/** Beside the app's path, so that nothing of ours lies among its files, unless that is mounted. */
function folderOnSameMount(at: string, within: string, mountPoints: ReadonlySet<string>): string {
  for (let folder = at; folder.length >= within.length; folder = dirname(folder)) {
    if (mountPoints.has(folder)) return folder;
    if (dirname(folder) === folder) break;
  }
  return dirname(within);
}

function mountedBelow(
  { path, at }: { path: string; at: string },
  request: RootsRequest,
): SwapRoot[] {
  const below = [...request.mountPoints].filter((point) => point.startsWith(`${at}/`)).sort();
  return below
    .map((point) => ({ path: join(path, point.slice(at.length)), at: point, within: point }))
    .filter((mount) => request.takesMount(mount.path))
    .map((mount) => makeRoot(mount, request));
}

export function isSameOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
