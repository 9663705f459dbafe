/** What an earlier walk saw of an entry, and whether it still is so. */
import { modeFromStat } from '../format/file-mode.ts';
import { timeFromNs } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import { groupName, userName } from '../host/accounts.ts';
import type { EntryStats } from './entry-stats.ts';

export interface KnownEntries {
  /** The earlier node of an entry of the folder being walked, if it is at hand. */
  readonly find: (folder: string, name: string) => Node | undefined;
  /** When the earlier walk began, less what the times of the file system may lag behind. */
  readonly restedBeforeNs: bigint;
}

/**
 * Whether a new node would be the same: all that `lstat` tells is. What it does not tell, extended
 * attributes and where a link leads to, cannot change without the ctime; and a change that left the
 * ctime as it was came within its grain, which is ruled out where it had rested before.
 */
export function isSameEntry(
  known: Node,
  stats: EntryStats,
  { restedBeforeNs }: KnownEntries,
): boolean {
  const { type, size, links } = known;
  return (
    (type === 'file' || type === 'dir' || type === 'symlink') &&
    stats.ctimeNs < restedBeforeNs &&
    known.inode === BigInt.asUintN(64, stats.ino) &&
    (type !== 'file' || size === Number(stats.size)) &&
    (type === 'dir' || links === Number(stats.nlink)) &&
    hasOwner(known, stats) &&
    hasTimes(known, stats) &&
    known.deviceId === BigInt.asUintN(64, stats.dev) &&
    isPlainlyTold(known)
  );
}

function hasOwner({ type, mode, uid, gid, user, group }: Node, stats: EntryStats): boolean {
  const now = modeFromStat(Number(stats.mode));
  return (
    type === now.type &&
    mode === now.mode &&
    uid === Number(stats.uid) &&
    gid === Number(stats.gid) &&
    (user ?? '') === userName(uid) &&
    (group ?? '') === groupName(gid)
  );
}

function hasTimes({ mtime, atime, ctime }: Node, { mtimeNs, ctimeNs }: EntryStats): boolean {
  const now = timeFromNs(mtimeNs);
  return (
    mtime === now && atime === now && ctime === (ctimeNs === mtimeNs ? now : timeFromNs(ctimeNs))
  );
}

/** Nothing in it that a new node would not have. */
function isPlainlyTold({ error, unknownFields, genericAttributes }: Node): boolean {
  return error === undefined && unknownFields === undefined && genericAttributes === undefined;
}
