/**
 * Reads a node; the fields are those of `node-encode.ts`. Fields come in restic's order, which is
 * tried first, but any order and white space is read. `null` counts as absent, as in Go.
 */
import { isHexId } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, displayRawName } from '../base/raw-name.ts';
import { unquoteGo } from './go-quote.ts';
import { looksLikeTime } from './go-time.ts';
import { takeIdList } from './id-list.ts';
import type { JsonCursor } from './json-cursor.ts';
import type { ExtendedAttribute, Node, NodeType } from './node.ts';

type Draft = { -readonly [K in keyof Node]: Node[K] };

interface Field {
  readonly key: string;
  /** Never left out by restic. */
  readonly always: boolean;
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
  required('name', (cursor, draft) => (draft.name = readName(cursor))),
  required('type', (cursor, draft) => (draft.type = readType(cursor))),
  optional('mode', (cursor, draft) => (draft.mode = nonZero(cursor, readUint32(cursor)))),
  required('mtime', (cursor, draft) => (draft.mtime = readTime(cursor))),
  required('atime', (cursor, draft) => (draft.atime = readTime(cursor))),
  required('ctime', (cursor, draft) => (draft.ctime = readTime(cursor))),
  required('uid', (cursor, draft) => (draft.uid = readUint32(cursor))),
  required('gid', (cursor, draft) => (draft.gid = readUint32(cursor))),
  optional('user', (cursor, draft) => (draft.user = nonEmpty(cursor, cursor.string()))),
  optional('group', (cursor, draft) => (draft.group = nonEmpty(cursor, cursor.string()))),
  optional('inode', (cursor, draft) => (draft.inode = nonZero(cursor, readUint64(cursor)))),
  optional('device_id', (cursor, draft) => (draft.deviceId = nonZero(cursor, readUint64(cursor)))),
  optional('size', (cursor, draft) => (draft.size = nonZero(cursor, readCount(cursor)))),
  optional('links', (cursor, draft) => (draft.links = nonZero(cursor, readCount(cursor)))),
  optional('linktarget', readLinkTarget),
  optional('linktarget_raw', readLinkTargetRaw),
  optional('extended_attributes', readExtendedAttributes),
  optional('generic_attributes', readGenericAttributes),
  optional('device', (cursor, draft) => (draft.device = nonZero(cursor, readUint64(cursor)))),
  required('content', (cursor, draft) => (draft.content = readContent(cursor))),
  optional('subtree', (cursor, draft) => (draft.subtree = readId(cursor))),
  optional('error', (cursor, draft) => (draft.error = nonEmpty(cursor, cursor.string()))),
];
const FIELD_BY_KEY = new Map(FIELDS.map((known) => [known.key, known]));
const ALWAYS_WRITTEN = FIELDS.filter(({ always }) => always).length;

function required(key: string, read: Field['read']): Field {
  return { key, always: true, token: `"${key}":`, read };
}

function optional(key: string, read: Field['read']): Field {
  return { key, always: false, token: `"${key}":`, read };
}

/**
 * The node at the cursor. Throws `JsonSyntaxError`, or `TREE_NODE_INVALID` and `TREE_NAME_UNSAFE`
 * with the node's name. The cursor stays `plain` only where `encodeNode` would give the same text.
 */
export function decodeNode(cursor: JsonCursor): Node {
  // What a missing field means; all at once, because objects that grow are slow.
  const draft: Draft = {
    name: '',
    type: 'irregular',
    mode: 0,
    mtime: ZERO_TIME,
    atime: ZERO_TIME,
    ctime: ZERO_TIME,
    uid: 0,
    gid: 0,
    content: null,
  };
  let alwaysWritten = 0;
  cursor.expect('{');
  if (!cursor.take('}')) {
    let next = 0;
    do {
      const index = readField(cursor, draft, next);
      if (index >= 0) next = index + 1;
      if (FIELDS[index]?.always === true) alwaysWritten += 1;
    } while (cursor.takeComma());
    cursor.expect('}');
  }
  if (alwaysWritten !== ALWAYS_WRITTEN) cursor.plain = false;
  assertUsable(draft);
  return draft;
}

/**
 * Reads one field and gives its place in `FIELDS`; `next` is the place from which restic's order
 * goes on. -1 for a field out of that order, or one that restic does not have.
 */
function readField(cursor: JsonCursor, draft: Draft, next: number): number {
  const { text, at } = cursor;
  for (let i = next; i < FIELDS.length; i += 1) {
    const known = FIELDS[i];
    if (known === undefined || !text.startsWith(known.token, at)) continue;
    cursor.at += known.token.length;
    readKnown(known, cursor, draft);
    return i;
  }
  readAnyField(cursor, draft);
  return -1;
}

function readAnyField(cursor: JsonCursor, draft: Draft): void {
  cursor.plain = false;
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
    if (known.key !== 'content') cursor.plain = false;
    return;
  }
  try {
    known.read(cursor, draft);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    const name = displayRawName(draft.name);
    const what = `"${known.key}" ${error.message}`;
    throw new KeepsakeError('TREE_NODE_INVALID', { name, what }, { cause: error });
  }
}

/** What is wrong with a value; `readKnown` adds which node and field. */
class FieldError extends Error {}

function assertUsable({ name }: Draft): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new KeepsakeError('TREE_NAME_UNSAFE', { name: displayRawName(name) });
  }
}

/** Marks what restic would have left out. */
function nonZero<T extends number | bigint>(cursor: JsonCursor, value: T): T {
  if (Number(value) === 0) cursor.plain = false;
  return value;
}

function nonEmpty(cursor: JsonCursor, value: string): string {
  if (value === '') cursor.plain = false;
  return value;
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
  const found = TYPES.find((known) => known === type);
  if (found === undefined) cursor.plain = false;
  return found ?? 'irregular';
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
  if (value > Number.MAX_SAFE_INTEGER) cursor.plain = false;
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

function readContent(cursor: JsonCursor): string[] {
  cursor.peek();
  const ids = takeIdList(cursor);
  if (ids !== undefined) return ids;
  // What is not there whole is not looked through for what is wrong with it: it comes again.
  if (cursor.isCut && !cursor.text.includes(']', cursor.at)) cursor.fail('the end of a list');
  return readList(cursor, readId);
}

function readBase64(cursor: JsonCursor): Uint8Array {
  const text = cursor.string();
  if (!BASE64.test(text)) throw new FieldError('is not base64');
  return Buffer.from(text, 'base64');
}

/** `linktarget_raw` wins, wherever it stands. */
function readLinkTarget(cursor: JsonCursor, draft: Draft): void {
  const target = nonEmpty(cursor, cursor.string());
  draft.linkTarget ??= target;
}

function readLinkTargetRaw(cursor: JsonCursor, draft: Draft): void {
  cursor.plain = false;
  draft.linkTarget = decodeRawName(readBase64(cursor));
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
  cursor.plain = false;
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
  cursor.plain = false;
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
