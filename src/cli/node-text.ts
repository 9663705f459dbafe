/** An entry of a snapshot as `ls` shows it, to people and to programs. */
import { asBuffer } from '../base/bytes.ts';
import { encodeRawName } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import { localTime } from '../base/local-time.ts';
import { showName } from './output.ts';

const SPECIAL_BITS = 'dalTLDpSugct?'.split('');
const PERMISSION_BITS = 'rwxrwxrwx'.split('');

/**
 * Go's `os.FileMode.String`, which restic prints: a letter for each special bit from the highest
 * down, then the nine of the permissions. Source: Go 1.25 io/fs/fs.go.
 */
export function modeText(mode: number): string {
  const special = SPECIAL_BITS.filter((_, at) => hasBit(mode, 31 - at)).join('');
  const permissions = PERMISSION_BITS.map((letter, at) => (hasBit(mode, 8 - at) ? letter : '-'));
  return `${special === '' ? '-' : special}${permissions.join('')}`;
}

function hasBit(mode: number, bit: number): boolean {
  return Math.floor(mode / 2 ** bit) % 2 === 1;
}

/** `-rw-r--r--  1000  1000   4096 2026-11-24 09:15:30 /srv/app/a.jpg` */
export function longLine(path: string, node: Node): string {
  const { mode, uid, gid, size = 0, mtime, linkTarget } = node;
  const owner = `${String(uid).padStart(5)} ${String(gid).padStart(5)}`;
  const target = linkTarget === undefined ? '' : ` -> ${showName(linkTarget)}`;
  return `${modeText(mode)} ${owner} ${String(size).padStart(6)} ${localTime(mtime)} ${showName(path)}${target}`;
}

/**
 * The fields of restic's `ls --json`, in its order. `path_bytes` (base64) comes with a path that is
 * not UTF-8, of which `name` and `path` show only what is.
 */
export function nodeMessage(path: string, node: Node): object {
  const { name, type, uid, gid, size, mode, mtime, atime, ctime, inode } = node;
  return {
    name,
    type,
    path,
    ...(!path.isWellFormed() && { path_bytes: asBuffer(encodeRawName(path)).toString('base64') }),
    uid,
    gid,
    ...(type === 'file' && { size: size ?? 0 }),
    ...(mode !== 0 && { mode }),
    permissions: modeText(mode),
    mtime,
    atime,
    ctime,
    ...(inode !== undefined && inode !== 0n && { inode: wholeNumber(inode) }),
    message_type: 'node',
    struct_type: 'node',
  };
}

/** All digits of an inode, also beyond 2^53, where `JSON.stringify` takes a number's or bigint's not. */
function wholeNumber(value: bigint): unknown {
  const exact = BigInt(Number(value)) === value && Number.isSafeInteger(Number(value));
  return exact ? Number(value) : (JSON as RawJson).rawJSON(value.toString());
}

type RawJson = JSON & { rawJSON(text: string): unknown };
