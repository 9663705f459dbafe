/** What a guard protects: the app's paths, and its code with all that is in it. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fsPath } from '../../base/raw-name.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { compileExcludes } from '../../source/excludes.ts';
import { pathOfApp } from './choose-paths.ts';
import { findSwapRoots, isSameOrBelow, realPath, type SwapRoots } from './swap-roots.ts';
import type { SwapRoot } from './swap-units.ts';

export interface GuardRootsRequest {
  readonly id: string;
  readonly app: ResolvedApp;
  readonly mountPoints: ReadonlySet<string>;
  /** Folders that go back with whatever the app's patterns leave out. */
  readonly whole: readonly string[];
  /** These alone, without any of the rest. */
  readonly databases?: readonly string[] | undefined;
}

/** The code's folder, where the config names one and it is there. */
export function codeFolders(
  { code }: Pick<ResolvedApp, 'code'>,
  exists: (path: string) => boolean,
): string[] {
  return code === undefined || !exists(code.folder) ? [] : [code.folder];
}

/**
 * The copies lie beside the whole app where that is possible: a script that empties the app's folder
 * must not meet them.
 */
function placedWithin({ root }: Pick<ResolvedApp, 'root'>, path: string): string {
  const own = realPath(root);
  // What a link leads out of the app is moved where it lies.
  if (path === root || !isSameOrBelow(realPath(path), own)) return path;
  try {
    const beside = dirname(own);
    accessSync(fsPath(beside), constants.W_OK | constants.X_OK);
    return statSync(fsPath(beside)).dev === statSync(fsPath(own)).dev ? root : path;
  } catch {
    return path; // not ours to write in
  }
}

/** None of the roots lies in another one, so that nothing is copied or moved twice. */
export function guardRoots(request: GuardRootsRequest): SwapRoots {
  const { id, app, mountPoints, whole, databases } = request;
  const excluded = compileExcludes({ patterns: [...app.exclude] });
  const paths = databases ?? [...app.paths, ...whole];
  const wanted = [...new Set(paths)].map((path) => {
    // Its copy would come to lie where the link's own does.
    const isLink = whole.some((folder) => path !== folder && isSameOrBelow(path, folder));
    const within = placedWithin(app, whole.includes(path) ? path : pathOfApp(app, path));
    return isLink
      ? { path: realPath(path), within: realPath(within), linkedFrom: path }
      : { path, within };
  });
  const takesMount = (mount: string): boolean =>
    !excluded.matches(mount) &&
    app.paths.some((path) => isSameOrBelow(mount, path) || isSameOrBelow(path, mount));
  const { roots } = findSwapRoots({ id, wanted, mountPoints, takesMount });
  const apart = withoutNested(roots, (path, folder) => {
    const above = dirname(path);
    const isExcluded = isSameOrBelow(above, folder) && excluded.matches(above);
    return isExcluded && !whole.some((each) => isSameOrBelow(above, each));
  });
  return { roots: apart, places: placesOf(apart) };
}

/** `isCut`: what lies between leaves it out. A mount is never part of what it is mounted in. */
function withoutNested(
  roots: readonly SwapRoot[],
  isCut: (path: string, folder: string) => boolean,
): SwapRoot[] {
  return roots.filter((root, index) => {
    if (root.isMount) return roots.findIndex(({ at }) => at === root.at) === index;
    return !roots.some((other, place) => {
      if (other.at === root.at) return place < index;
      if (!isSameOrBelow(root.at, other.at)) return false;
      return !isCut(join(other.path, root.at.slice(other.at.length)), other.path);
    });
  });
}

function placesOf(roots: readonly SwapRoot[]) {
  return [...new Set(roots.map(({ place }) => place))].map((path) => ({ path }));
}
