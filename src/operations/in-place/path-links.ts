/**
 * Symbolic links by which an app's paths are reached: a command may point them elsewhere, as updates
 * by release folders do (`current -> releases/2`). What they led to is copied; they are noted here.
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../../base/raw-name.ts';

export interface PathLink {
  readonly path: string;
  readonly target: string;
}

/** Those above, and the paths themselves. */
export function linksOn(paths: readonly string[]): PathLink[] {
  const found = new Map<string, PathLink>();
  for (const path of paths) {
    for (let at = path; dirname(at) !== at; at = dirname(at)) {
      const target = targetOf(at);
      if (target !== undefined) found.set(at, { path: at, target });
    }
  }
  return [...found.values()];
}

/** May be called again. Throws `GUARD_LINK_GONE` where something else stands now. */
export function setLinks(links: readonly PathLink[]): void {
  // The outer ones first: they decide what an inner one is.
  for (const { path, target } of [...links].sort((a, b) => a.path.length - b.path.length)) {
    if (targetOf(path) === target) continue;
    const stats = lstatSync(fsPath(path), { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isSymbolicLink()) {
      throw new KeepsakeError('GUARD_LINK_GONE', { path, target });
    }
    const fresh = `${path}.keepsake-new`;
    rmSync(fsPath(fresh), { force: true });
    symlinkSync(fsPath(target), fsPath(fresh));
    renameSync(fsPath(fresh), fsPath(path));
    syncFolder(dirname(path));
  }
}

function syncFolder(path: string): void {
  const fd = openSync(fsPath(path), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function targetOf(path: string): string | undefined {
  try {
    return decodeRawName(readlinkSync(fsPath(path), { encoding: 'buffer' }));
  } catch {
    return undefined; // no link
  }
}
