/** When two nodes are the same. Source: restic internal/data/node.go `Equals` @ a80be14. */
import { equalBytes } from '../base/bytes.ts';
import { timeToNs } from '../format/go-time.ts';
import type { ExtendedAttribute, Node } from '../format/node.ts';

export function sameContent({ content: a }: Node, { content: b }: Node): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((id, index) => id === b[index]);
}

export function sameNode(a: Node, b: Node): boolean {
  return sameContent(a, b) && a.subtree === b.subtree && sameExceptContent(a, b);
}

const PLAIN_FIELDS = [
  'name',
  'type',
  'mode',
  'uid',
  'gid',
  'user',
  'group',
  'inode',
  'deviceId',
  'size',
  'links',
  'linkTarget',
  'device',
  'error',
] as const satisfies readonly (keyof Node)[];

const TIMES = ['mtime', 'atime', 'ctime'] as const;

/** As `sameNode`, whatever the content. Times are the same if they mean the same instant. */
export function sameExceptContent(a: Node, b: Node): boolean {
  return (
    PLAIN_FIELDS.every((field) => a[field] === b[field]) &&
    TIMES.every((field) => timeToNs(a[field]) === timeToNs(b[field])) &&
    sameAttributes(a.extendedAttributes, b.extendedAttributes) &&
    sameMap(a.genericAttributes, b.genericAttributes)
  );
}

/** In any order, as restic compares them. */
function sameAttributes(
  a: readonly ExtendedAttribute[] = [],
  b: readonly ExtendedAttribute[] = [],
): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ name, value }) => {
    const other = b.find((attribute) => attribute.name === name);
    return other !== undefined && equalBytes(other.value, value);
  });
}

function sameMap(
  a: ReadonlyMap<string, string> = new Map(),
  b: ReadonlyMap<string, string> = new Map(),
): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
