/**
 * The common node in one pattern: a file, folder or link with an ASCII name, as restic writes it,
 * without attributes. A folder of 17,000 such nodes is read in half the time `node-decode.ts`
 * takes, cold and warm; every other node is left to it.
 *
 * What matches is exactly what `encodeNode` writes again: no escapes, no leading zeros, nothing
 * that restic leaves out.
 */
import type { Node, NodeType } from './node.ts';

type Draft = { -readonly [K in keyof Node]: Node[K] };

/** Printable ASCII that needs no escape in JSON or in Go: not " & < > \ */
const TEXT = String.raw`[ !#-%'-;=?-[\]-~]+`;
/** As TEXT without the slash. */
const NAME = String.raw`[ !#-%'-.0-;=?-[\]-~]+`;
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z`;
/** Below 2^53, and not 0. */
const COUNT = String.raw`[1-9]\d{0,14}`;
const USER_ID = String.raw`0|[1-9]\d{0,8}`;
const ID = '[0-9a-f]{64}';
/** Longer lists are left to the other reader, which needs no room to go back. */
const CONTENT = String.raw`null|\[\]|\["${ID}"(?:,"${ID}"){0,60}\]`;
const MAX_UINT32 = 0xffffffff;

const NODE = commonNode('(');
/** Takes out only the name, the mode and the subtree. */
const OUTLINE = commonNode('(?:');

/** @param group begins what only the whole node needs */
function commonNode(group: '(' | '(?:'): RegExp {
  const value = (pattern: string) => `${group}${pattern})`;
  const text = `"${value(TEXT)}"`;
  const count = value(COUNT);
  return new RegExp(
    String.raw`\{"name":"(${NAME})","type":"${value('file|dir|symlink')}","mode":([1-9]\d{0,9})` +
      `,"mtime":"${value(TIME)}","atime":"${value(TIME)}","ctime":"${value(TIME)}"` +
      `,"uid":${value(USER_ID)},"gid":${value(USER_ID)}` +
      optional('user', text) +
      optional('group', text) +
      optional('inode', count) +
      optional('device_id', count) +
      optional('size', count) +
      optional('links', count) +
      optional('linktarget', text) +
      `,"content":${value(CONTENT)}` +
      optional('subtree', `"(${ID})"`) +
      String.raw`\}`,
    'y',
  );
}

function optional(key: string, value: string): string {
  return `(?:,"${key}":${value})?`;
}

/** The node whose text begins at `start`, and where it ends; nothing if it is not a common one. */
export function matchCommonNode(
  text: string,
  start: number,
): { readonly node: Node; readonly end: number } | undefined {
  NODE.lastIndex = start;
  const match = NODE.exec(text);
  if (match === null) return undefined;
  const [, name = '', type, mode, mtime = '', atime = '', ctime = '', uid, gid] = match;
  if (isUncommon(name, mode)) return undefined;
  const node: Draft = {
    name,
    type: type as NodeType,
    mode: Number(mode),
    mtime,
    atime,
    ctime,
    uid: Number(uid),
    gid: Number(gid),
    content: contentIds(match[16] ?? ''),
  };
  addOptional(node, match);
  return { node, end: NODE.lastIndex };
}

/** As `matchCommonNode`, of the name and the subtree only. */
export function outlineCommonNode(
  text: string,
  start: number,
):
  | { readonly name: string; readonly subtree: string | undefined; readonly end: number }
  | undefined {
  OUTLINE.lastIndex = start;
  const match = OUTLINE.exec(text);
  if (match === null) return undefined;
  const [, name = '', mode, subtree] = match;
  return isUncommon(name, mode) ? undefined : { name, subtree, end: OUTLINE.lastIndex };
}

function isUncommon(name: string, mode: string | undefined): boolean {
  return name === '.' || name === '..' || Number(mode) > MAX_UINT32;
}

function addOptional(node: Draft, match: RegExpExecArray): void {
  if (match[9] !== undefined) node.user = match[9];
  if (match[10] !== undefined) node.group = match[10];
  if (match[11] !== undefined) node.inode = BigInt(match[11]);
  if (match[12] !== undefined) node.deviceId = BigInt(match[12]);
  if (match[13] !== undefined) node.size = Number(match[13]);
  if (match[14] !== undefined) node.links = Number(match[14]);
  if (match[15] !== undefined) node.linkTarget = match[15];
  if (match[17] !== undefined) node.subtree = match[17];
}

function contentIds(list: string): string[] | null {
  if (list === 'null') return null;
  return list === '[]' ? [] : list.slice(2, -2).split('","');
}
