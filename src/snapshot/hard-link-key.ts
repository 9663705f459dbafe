import { hash } from 'node:crypto';
import type { Node } from '../format/node.ts';

/**
 * Equal for the names of one file or symlink; `undefined` for what has one name. The content is
 * part of it: where two files only look like one (a union file system that gives an inode number
 * twice), linking them would lose one of them.
 */
export function hardLinkKey({
  type,
  links,
  inode,
  deviceId,
  content,
  linkTarget,
}: Node): string | undefined {
  if (type !== 'file' && type !== 'symlink') return undefined;
  if (links === undefined || links < 2 || inode === undefined) return undefined;
  const held = type === 'file' ? (content ?? []).join() : (linkTarget ?? '');
  return `${type} ${deviceId ?? 0n} ${inode} ${hash('sha256', held, 'base64')}`;
}
