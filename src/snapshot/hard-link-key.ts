import { hash } from 'node:crypto';
import type { Node } from '../format/node.ts';

/**
 * Equal for the names of one file; `undefined` for a file with one name. The content is part of
 * it: where two files only look like one (a union file system that gives an inode number twice),
 * linking them would lose one of them.
 */
export function hardLinkKey({ type, links, inode, deviceId, content }: Node): string | undefined {
  if (type !== 'file' || links === undefined || links < 2 || inode === undefined) return undefined;
  return `${deviceId ?? 0n} ${inode} ${hash('sha256', (content ?? []).join(), 'base64')}`;
}
