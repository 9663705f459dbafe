/** Runs in the gate process: keeps SQLite from changing the owner of an app's files. */
import { statSync, type Stats } from 'node:fs';
import { fsPath } from '../base/raw-name.ts';
import { sidecarsOf } from './database-file.ts';

const ROOT = 0;
const NOBODY = 65_534;

/**
 * Runs `work`, which opens `source`, in a way that leaves the owners of its sidecars alone.
 *
 * In a process of root SQLite gives every `-wal`, `-shm` and `-journal` it opens, even for reading,
 * the owner of the main file (os_unix.c robustFchown). Where the owners are the same already this
 * changes nothing but the ctime; where they are not, `work` runs as an owner that is not root.
 */
export function keepingOwners<T>(source: string, work: () => T): T {
  const owner = process.geteuid?.() === ROOT ? differentOwner(source) : undefined;
  if (owner === undefined) return work();
  process.setegid?.(owner.gid);
  process.seteuid?.(owner.uid);
  try {
    return work();
  } finally {
    process.seteuid?.(ROOT);
    process.setegid?.(ROOT);
  }
}

/** Who can probably read them all, if the sidecars have another owner than the main file. */
function differentOwner(source: string): { uid: number; gid: number } | undefined {
  const main = statSync(fsPath(source), { throwIfNoEntry: false });
  if (main === undefined) return undefined;
  for (const path of sidecarsOf(source)) {
    const sidecar = statSync(fsPath(path), { throwIfNoEntry: false });
    if (sidecar === undefined || isSameOwner(main, sidecar)) continue;
    if (sidecar.uid !== ROOT) return { uid: sidecar.uid, gid: main.gid };
    return { uid: main.uid === ROOT ? NOBODY : main.uid, gid: sidecar.gid };
  }
  return undefined;
}

function isSameOwner(a: Stats, b: Stats): boolean {
  return a.uid === b.uid && a.gid === b.gid;
}
