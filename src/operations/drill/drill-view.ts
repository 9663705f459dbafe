/**
 * What the drilled copy sees of this machine's files: the copy wherever the live data is, the rest of
 * the live app read-only. So neither an absolute path in the app's own settings nor a link in its
 * code leads it to live data.
 */
import { lstatSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { Account } from '../../host/accounts.ts';
import type { ConfinedMount } from '../../host/confined-protocol.ts';

export interface ViewOptions {
  readonly app: ResolvedApp;
  /** The private folder of this drill. */
  readonly runFolder: string;
  /** Below it: the root of what was restored. */
  readonly target: string;
  /** The copy runs as; absent: as Keepsake does. */
  readonly user: Account | undefined;
  readonly workingFolder: string;
}

export interface DrillView {
  readonly mounts: readonly ConfinedMount[];
  /** Where the copy finds a path of the private folder. */
  readonly seenAt: (path: string) => string;
  /** Needs its mounts: without them the user cannot get into the private folder. */
  readonly isCovered: boolean;
}

/** Looks at the disk, changes nothing. */
export function planView(options: ViewOptions): DrillView {
  const { runFolder, user } = options;
  const cover = user === undefined ? runFolder : coverOf(runFolder, user);
  const seenAt = (path: string): string => cover + path.slice(runFolder.length);
  const isCovered = cover !== runFolder;
  return {
    seenAt,
    isCovered,
    mounts: [
      ...(isCovered ? [{ kind: 'bind' as const, from: runFolder, to: cover }] : []),
      ...readOnlyPaths(options).map((path) => ({ kind: 'read-only' as const, path })),
      ...copiedPaths(options).map((path) => ({
        kind: 'bind' as const,
        from: seenAt(join(options.target, path)),
        to: path,
      })),
    ],
  };
}

/**
 * The topmost folder on the way that the user may not pass; the private folder itself is opened for
 * others by whoever starts the copy. Seen in place of it, it needs no rights on the way, and of
 * Keepsake's own files nothing else is seen.
 */
function coverOf(runFolder: string, user: Account): string {
  const way: string[] = [];
  for (let at = dirname(runFolder); at !== '/'; at = dirname(at)) way.unshift(at);
  return way.find((folder) => !mayPass(statSync(folder), user)) ?? runFolder;
}

function mayPass({ mode, uid }: Stats, user: Account): boolean {
  return user.uid === 0 || ((uid === user.uid ? mode >> 6 : mode) & 1) === 1;
}

function readOnlyPaths({ app }: ViewOptions): string[] {
  const paths = new Set([app.root, ...app.paths, ...app.databases.map((path) => dirname(path))]);
  return [...paths].filter((path) => path !== '/' && kindOf(path, statSync) !== undefined);
}

/** Not where the app's code is: a copy of the data need not hold it. */
function copiedPaths({ app, target, workingFolder }: ViewOptions): string[] {
  const folders = app.references.map(({ folder }) => folder);
  const wanted = [...app.paths, ...app.databases.map((path) => dirname(path)), ...folders];
  const found = [...new Set(wanted)].filter((path) => {
    const live = kindOf(path, statSync);
    const isCode = workingFolder === path || workingFolder.startsWith(`${path}/`);
    return live !== undefined && live === kindOf(join(target, path), lstatSync) && !isCode;
  });
  return found.filter((path) => !found.some((other) => path.startsWith(`${other}/`)));
}

function kindOf(path: string, stat: (path: string) => Stats): 'file' | 'folder' | undefined {
  try {
    const stats = stat(path);
    return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : undefined;
  } catch {
    return undefined; // it is not there
  }
}
