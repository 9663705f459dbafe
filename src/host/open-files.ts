/** Which programs have a file open, whatever name they opened it by. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fsPath } from '../base/raw-name.ts';

export interface FileUser {
  readonly pid: number;
  readonly program: string;
  /** Of the paths asked about. */
  readonly path: string;
}

/**
 * Only what this user may see, and not this process: nobody found is a hint, no proof. A container's
 * processes are seen from its host.
 */
export function findFileUsers(paths: readonly string[]): FileUser[] {
  const wanted = new Map<string, string>();
  for (const path of paths) {
    const key = identityOf(fsPath(path));
    if (key !== undefined) wanted.set(key, path);
  }
  if (wanted.size === 0) return [];
  const users: FileUser[] = [];
  for (const name of listed('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    for (const path of openedBy(name, wanted)) {
      users.push({ pid: Number(name), program: programOf(name), path });
    }
  }
  return users;
}

function openedBy(pid: string, wanted: ReadonlyMap<string, string>): Set<string> {
  const found = new Set<string>();
  for (const fd of listed(`/proc/${pid}/fd`)) {
    const path = wanted.get(identityOf(`/proc/${pid}/fd/${fd}`) ?? '');
    if (path !== undefined) found.add(path);
  }
  return found;
}

function identityOf(path: string | Uint8Array): string | undefined {
  try {
    const stats = statSync(path as string, { bigint: true, throwIfNoEntry: false });
    return stats?.isFile() === true ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    return undefined; // of another user, or closed meanwhile
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it ended meanwhile, or is of another user
  }
}

function programOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a program';
  }
}
