/**
 * Reads a node; the fields are those of `node-encode.ts`. Fields come in restic's order, which is
 * tried first, but any order and white space is read. `null` counts as absent, as in Go.
 */
import { isHexId } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, displayRawName } from '../base/raw-name.ts';
import { unquoteGo } from './go-quote.ts';
import { looksLikeTime } from './go-time.ts';
import type { JsonCursor } from './json-cursor.ts';
import type { ExtendedAttribute, Node, NodeType } from './node.ts';

type Draft = { -readonly [K in keyof Node]?: Node[K] };

interface Field {
  readonly key: string;
  readonly token: string;
  readonly read: (cursor: JsonCursor, draft: Draft) => void;
}

const MAX_UINT32 = 0xffffffff;
const MAX_UINT64 = 0xffffffffffffffffn;
/** Go's zero time, which a missing field means. */
const ZERO_TIME = '0001-01-01T00:00:00Z';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TYPES = ['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket'] as const;

const FIELDS: readonly Field[] = [
  field('name', (cursor, draft) => (draft.name = readName(cursor))),
  field('type', (cursor, draft) => (draft.type = readType(cursor))),
  field('mode', (cursor, draft) => (draft.mode = readUint32(cursor))),
  field('mtime', (cursor, draft) => (draft.mtime = readTime(cursor))),
  field('atime', (cursor, draft) => (draft.atime = readTime(cursor))),
  field('ctime', (cursor, draft) => (draft.ctime = readTime(cursor))),
  field('uid', (cursor, draft) => (draft.uid = readUint32(cursor))),
  field('gid', (cursor, draft) => (draft.gid = readUint32(cursor))),
  field('user', (cursor, draft) => (draft.user = cursor.string())),
  field('group', (cursor, draft) => (draft.group = cursor.string())),
  field('inode', (cursor, draft) => (draft.inode = readUint64(cursor))),
  field('device_id', (cursor, draft) => (draft.deviceId = readUint64(cursor))),
  field('size', (cursor, draft) => (draft.size = readCount(cursor))),
  field('links', (cursor, draft) => (draft.links = readCount(cursor))),
  field('linktarget', readLinkTarget),
  field(
    'linktarget_raw',
    (cursor, draft) => (draft.linkTarget = decodeRawName(readBase64(cursor))),
  ),
  field('extended_attributes', readExtendedAttributes),
  field('generic_attributes', readGenericAttributes),
  field('device', (cursor, draft) => (draft.device = readUint64(cursor))),
  field('content', (cursor, draft) => (draft.content = readList(cursor, readId))),
  field('subtree', (cursor, draft) => (draft.subtree = readId(cursor))),
  field('error', (cursor, draft) => (draft.error = cursor.string())),
];
const FIELD_BY_KEY = new Map(FIELDS.map((known) => [known.key, known]));

function field(key: string, read: Field['read']): Field {
  return { key, token: `"${key}":`, read };
}

/**
 * The node at the cursor. Throws `JsonSyntaxError`, or `TREE_NODE_INVALID` and `TREE_NAME_UNSAFE`
 * with the node's name.
 */
export function decodeNode(cursor: JsonCursor): Node {
  const draft: Draft = {};
  cursor.expect('{');
  if (!cursor.take('}')) {
    let next = 0;
    do next = readField(cursor, draft, next);
    while (cursor.takeComma());
    cursor.expect('}');
  }
  return finish(draft);
}

/** Reads one field; `next` is the place in `FIELDS` from which restic's order goes on. */
function readField(cursor: JsonCursor, draft: Draft, next: number): number {
  const { text, at } = cursor;
  for (let i = next; i < FIELDS.length; i += 1) {
    const known = FIELDS[i];
    if (known === undefined || !text.startsWith(known.token, at)) continue;
    cursor.at += known.token.length;
    readKnown(known, cursor, draft);
    return i + 1;
  }
  readAnyField(cursor, draft);
  return next;
}

function readAnyField(cursor: JsonCursor, draft: Draft): void {
  const key = cursor.string();
  cursor.expectColon();
  const known = FIELD_BY_KEY.get(key);
  if (known !== undefined) readKnown(known, cursor, draft);
  else {
    const value = cursor.rawValue();
    draft.unknownFields = [...(draft.unknownFields ?? []), `${JSON.stringify(key)}:${value}`];
  }
}

function readKnown(known: Field, cursor: JsonCursor, draft: Draft): void {
  if (cursor.takeNull()) {
    if (known.key === 'content') draft.content = null;
    return;
  }
  try {
    known.read(cursor, draft);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new KeepsakeError('TREE_NODE_INVALID', {
      name: displayRawName(draft.name ?? ''),
      what: `"${known.key}" ${error.message}`,
    });
  }
}

/** What is wrong with a value; `readKnown` adds which node and field. */
class FieldError extends Error {}

function finish(draft: Draft): Node {
  const { name, type } = draft;
  if (name === undefined || name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new KeepsakeError('TREE_NAME_UNSAFE', { name: displayRawName(name ?? '') });
  }
  if (type === undefined) {
    throw new KeepsakeError('TREE_NODE_INVALID', {
      name: displayRawName(name),
      what: '"type" is missing',
    });
  }
  draft.mode ??= 0;
  draft.mtime ??= ZERO_TIME;
  draft.atime ??= ZERO_TIME;
  draft.ctime ??= ZERO_TIME;
  draft.uid ??= 0;
  draft.gid ??= 0;
  draft.content ??= null;
  return draft as Node;
}

function readName(cursor: JsonCursor): string {
  const quoted = cursor.string();
  try {
    return /["\\\n]/.test(quoted) ? unquoteGo(quoted) : quoted;
  } catch (error) {
    throw new FieldError(`is wrongly quoted: ${(error as Error).message}`);
  }
}

/** A type of a later restic, or of a damaged one, is read as `irregular`: known, never restored. */
function readType(cursor: JsonCursor): NodeType {
  const type = cursor.string();
  return TYPES.find((known) => known === type) ?? 'irregular';
}

function readUint32(cursor: JsonCursor): number {
  const value = Number(cursor.digits());
  if (value > MAX_UINT32) throw new FieldError(`is beyond 32 bits: ${value}`);
  return value;
}

function readUint64(cursor: JsonCursor): bigint {
  const value = BigInt(cursor.digits());
  if (value > MAX_UINT64) throw new FieldError(`is beyond 64 bits: ${value}`);
  return value;
}

/** Beyond 2^53 not exact; the text it came from is written again by `tree.ts`. */
function readCount(cursor: JsonCursor): number {
  const value = Number(cursor.digits());
  if (value > Number(MAX_UINT64)) throw new FieldError(`is beyond 64 bits: ${value}`);
  return value;
}

function readTime(cursor: JsonCursor): string {
  const text = cursor.string();
  if (!looksLikeTime(text)) throw new FieldError(`is not a time: "${text.slice(0, 80)}"`);
  return text;
}

function readId(cursor: JsonCursor): string {
  const id = cursor.string();
  if (!isHexId(id)) throw new FieldError(`holds something that is no id: "${id.slice(0, 80)}"`);
  return id;
}

function readBase64(cursor: JsonCursor): Uint8Array {
  const text = cursor.string();
  if (!BASE64.test(text)) throw new FieldError('is not base64');
  return Buffer.from(text, 'base64');
}

/** `linktarget_raw` wins, wherever it stands. */
function readLinkTarget(cursor: JsonCursor, draft: Draft): void {
  const target = cursor.string();
  draft.linkTarget ??= target;
}

function readList<T>(cursor: JsonCursor, readItem: (cursor: JsonCursor) => T): T[] {
  const items: T[] = [];
  cursor.expect('[');
  if (cursor.take(']')) return items;
  do items.push(readItem(cursor));
  while (cursor.takeComma());
  cursor.expect(']');
  return items;
}

function readExtendedAttributes(cursor: JsonCursor, draft: Draft): void {
  draft.extendedAttributes = readList(cursor, readExtendedAttribute);
}

function readExtendedAttribute(cursor: JsonCursor): ExtendedAttribute {
  let name = '';
  let value: Uint8Array = new Uint8Array(0);
  readMembers(cursor, (key) => {
    if (key === 'name') name = cursor.string();
    else if (key !== 'value') cursor.rawValue();
    // Go writes null for an attribute without a value.
    else if (!cursor.takeNull()) value = readBase64(cursor);
  });
  return { name, value };
}

function readGenericAttributes(cursor: JsonCursor, draft: Draft): void {
  const attributes = new Map<string, string>();
  readMembers(cursor, (key) => attributes.set(key, cursor.rawValue()));
  draft.genericAttributes = attributes;
}

function readMembers(cursor: JsonCursor, readMember: (key: string) => void): void {
  cursor.expect('{');
  if (cursor.take('}')) return;
  do {
    const key = cursor.string();
    cursor.expectColon();
    readMember(key);
  } while (cursor.takeComma());
  cursor.expect('}');
}
