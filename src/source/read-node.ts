/** An entry's node from the disk: its `lstat` and what takes further calls. */
import { readlinkSync } from 'node:fs';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import type { ExtendedAttribute, Node } from '../format/node.ts';
import { getXattr, listXattrs } from '../host/libc.ts';
import type { EntryStats } from './entry-stats.ts';
import { nodeFromStat } from './stat-node.ts';
import { failedCall, isGone } from './unreadable.ts';

export interface NodeRead {
  readonly node: Node;
  /** What of the metadata could not be read; the node is whole otherwise. */
  readonly problem?: KeepsakeError;
}

/** `name` and `path` are raw. Throws the system's error when the entry is gone or no longer a link. */
export function readNode(name: string, path: string, stats: EntryStats): NodeRead {
  const linkTarget = stats.isSymbolicLink() ? readLinkTarget(path) : undefined;
  try {
    const extendedAttributes = readXattrs(path);
    return { node: nodeFromStat(name, stats, { linkTarget, extendedAttributes }) };
  } catch (cause) {
    if (isGone(cause)) throw cause;
    const details = { path, ...failedCall(cause) };
    const problem = new KeepsakeError('SOURCE_ATTRIBUTES_UNREADABLE', details, { cause });
    return { node: nodeFromStat(name, stats, { linkTarget }), problem };
  }
}

function readXattrs(path: string): ExtendedAttribute[] | undefined {
  const names = listXattrs(path);
  if (names.length === 0) return undefined;
  const attributes: ExtendedAttribute[] = [];
  for (const name of names) {
    const value = getXattr(path, name);
    if (value !== undefined) attributes.push({ name, value });
  }
  return attributes;
}

function readLinkTarget(path: string): string {
  return decodeRawName(readlinkSync(fsPath(path), { encoding: 'buffer' }));
}
