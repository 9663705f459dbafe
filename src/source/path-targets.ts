/** The paths that were asked for, merged into one tree, so that none is walked twice. */
import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';
import { errnoCode } from '../host/system-call-error.ts';
import type { ProblemEntry } from './source.ts';
import { unreadable } from './unreadable.ts';

/** One component of the paths. */
export interface Target {
  /** Asked for itself: everything below it belongs to the backup. */
  explicit: boolean;
  readonly children: Map<string, Target>;
}

export interface TargetTree {
  readonly root: Target;
  /** How many of the paths are there. */
  readonly pathCount: number;
  /** One for each path that is not there. */
  readonly problems: readonly ProblemEntry[];
}

/** Absolute, without `.`, `..`, double or final slashes. Throws `SOURCE_PATH_NOT_ABSOLUTE`. */
export function normalizePath(path: string): string {
  if (!path.startsWith('/')) throw new KeepsakeError('SOURCE_PATH_NOT_ABSOLUTE', { path });
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

export function collectTargets(paths: readonly string[]): TargetTree {
  const root = newTarget();
  const problems: ProblemEntry[] = [];
  const distinct = new Set(paths.map(normalizePath));
  for (const path of distinct) {
    const error = findProblem(path);
    if (error === undefined) addTarget(root, path);
    else problems.push({ kind: 'problem', path, error });
  }
  return { root, pathCount: distinct.size - problems.length, problems };
}

function findProblem(path: string): KeepsakeError | undefined {
  try {
    lstatSync(fsPath(path));
    return undefined;
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '');
    return missing
      ? new KeepsakeError('SOURCE_PATH_MISSING', { path }, { cause: error })
      : unreadable(path, error);
  }
}

/** Of a path that was there when its walk began. `at`: where it is read. */
export function findLoss(path: string, at: string): KeepsakeError | undefined {
  if (lstatSync(fsPath(at), { throwIfNoEntry: false }) !== undefined) return undefined;
  return new KeepsakeError('SOURCE_PATH_VANISHED', { path });
}

function addTarget(root: Target, path: string): void {
  let target = root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    let child = target.children.get(name);
    if (child === undefined) {
      child = newTarget();
      target.children.set(name, child);
    }
    target = child;
  }
  target.explicit = true;
}

function newTarget(): Target {
  return { explicit: false, children: new Map() };
}
