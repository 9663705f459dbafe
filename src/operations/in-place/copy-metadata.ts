/** Makes a copy's owner, attributes, mode and times those of what it was copied from. */
import { chmodSync, lchownSync, lstatSync, type BigIntStats } from 'node:fs';
import { fsPath } from '../../base/raw-name.ts';
import { getXattr, listXattrs, removeXattr, setTimesNs, setXattr } from '../../host/libc.ts';
import { SYSTEM_OWNED } from '../../host/new-files.ts';

/** The order matters: see `snapshot/restore-metadata.ts`. */
export function copyMetadata(from: string, to: string, stats: BigIntStats): void {
  const own = lstatSync(fsPath(to), { bigint: true });
  if (own.uid !== stats.uid || own.gid !== stats.gid) {
    lchownSync(fsPath(to), Number(stats.uid), Number(stats.gid));
  }
  const wanted = listXattrs(from).filter((name) => !SYSTEM_OWNED.test(name));
  for (const name of wanted) {
    const value = getXattr(from, name);
    if (value !== undefined) setXattr(to, name, value);
  }
  // Such as what a default ACL of the folder gave it.
  for (const name of listXattrs(to)) {
    if (!wanted.includes(name) && !SYSTEM_OWNED.test(name)) removeXattr(to, name);
  }
  if (!stats.isSymbolicLink()) chmodSync(fsPath(to), Number(stats.mode & 0o7777n));
  setTimesNs(to, stats.atimeNs, stats.mtimeNs);
}
