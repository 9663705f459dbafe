/**
 * What `lstat` tells, as a node.
 * Source: restic internal/fs/node.go (`nodeFillExtendedStat`) and internal/archiver/archiver.go
 * (`nodeFromFileInfo`: atime is stored as mtime unless asked for) @ a80be14.
 */
import { modeFromStat } from '../format/file-mode.ts';
import { timeFromNs } from '../format/go-time.ts';
import type { ExtendedAttribute, Node, NodeType } from '../format/node.ts';
import { groupName, userName } from '../host/accounts.ts';
import type { EntryStats } from './entry-stats.ts';

export interface NodeExtras {
  /** Of symlinks. */
  readonly linkTarget?: string | undefined;
  readonly extendedAttributes?: readonly ExtendedAttribute[] | undefined;
}

/** A node without content: what reading it would tell is for others to add. */
export function nodeFromStat(name: string, stats: EntryStats, extras: NodeExtras = {}): Node {
  const { type, mode } = modeFromStat(Number(stats.mode));
  const mtime = timeFromNs(stats.mtimeNs);
  const uid = Number(stats.uid);
  const gid = Number(stats.gid);
  return {
    name,
    type,
    mode,
    mtime,
    // The time of the last reading changes each backup and would make every tree new.
    atime: mtime,
    ctime: stats.ctimeNs === stats.mtimeNs ? mtime : timeFromNs(stats.ctimeNs),
    uid,
    gid,
    ...named('user', userName(uid)),
    ...named('group', groupName(gid)),
    // Node reads these as signed; MergerFS and others use all 64 bits.
    inode: BigInt.asUintN(64, stats.ino),
    deviceId: BigInt.asUintN(64, stats.dev),
    ...(type === 'file' && { size: Number(stats.size) }),
    ...(hasLinks(type) && { links: Number(stats.nlink) }),
    ...(extras.linkTarget !== undefined && { linkTarget: extras.linkTarget }),
    ...(extras.extendedAttributes !== undefined &&
      extras.extendedAttributes.length > 0 && { extendedAttributes: extras.extendedAttributes }),
    ...(isDevice(type) && { device: BigInt.asUintN(64, stats.rdev) }),
    content: null,
  };
}

/** restic counts them for these only; a folder's would change with each folder in it. */
function hasLinks(type: NodeType): boolean {
  return type === 'file' || type === 'symlink' || isDevice(type);
}

function isDevice(type: NodeType): boolean {
  return type === 'dev' || type === 'chardev';
}

function named<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  return value === '' ? {} : ({ [key]: value } as Record<K, string>);
}
