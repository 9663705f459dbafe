/**
 * An index file: which blobs lie where in which packs. Unpacked (`unpacked.ts`) JSON:
 *
 *   {"supersedes":["<index id>",…],                                   omitted when empty
 *    "packs":[{"id":"<pack id>",
 *              "blobs":[{"id":"<blob id>","type":"data"|"tree",
 *                        "offset":0,"length":38,                     of the sealed blob
 *                        "uncompressed_length":511},…]},…]}\n        only if compressed
 *
 * The oldest restics wrote the bare list of packs; 0.14 still reads that, and so do we.
 * `supersedes` is no longer written by current restic, which ignores it; 0.14 obeys it.
 *
 * A file should stay below 8 MiB. restic keeps to that by counting: an index is full at 50,000
 * blobs (at most 160 bytes of JSON each) and may be exceeded only by its last pack.
 * Source: restic doc/design.rst § Indexing, internal/repository/index/index.go @ a80be14; the old
 * format: the same file before 943b6cc.
 */
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { SEAL_OVERHEAD_BYTES } from './crypto.ts';
import { JsonCursor } from './json-cursor.ts';
import { JsonField, UINT32_MAX } from './json-fields.ts';
import { matchCommonPack } from './index-pattern.ts';
import { arrayElements, malformedJson, objectKeys } from './json-members.ts';

export interface IndexedBlob {
  readonly id: string;
  readonly type: 'data' | 'tree';
  readonly offset: number;
  readonly length: number;
  /** Present if and only if the blob is compressed. */
  readonly uncompressedLength?: number;
}

export interface IndexedPack {
  readonly id: string;
  readonly blobs: readonly IndexedBlob[];
}

export interface IndexFile {
  readonly supersedes: readonly string[];
  readonly packs: readonly IndexedPack[];
}

/**
 * With this many blobs an index is full and is written. restic's have up to 50,000, which to write
 * and to prove takes 40 MB.
 */
export const INDEX_MAX_BLOBS = 20_000;

const WHAT = 'index file';
const OPEN_BRACKET = 0x5b;

export function encodeIndexFile({ supersedes, packs }: IndexFile): Uint8Array {
  const replaced = supersedes.length === 0 ? '' : `"supersedes":${JSON.stringify(supersedes)},`;
  return utf8Encode(`{${replaced}"packs":[${packs.map(encodePack).join(',')}]}\n`);
}

function encodePack({ id, blobs }: IndexedPack): string {
  return `{"id":"${id}","blobs":[${blobs.map(encodeBlob).join(',')}]}`;
}

function encodeBlob({ id, type, offset, length, uncompressedLength }: IndexedBlob): string {
  const plain =
    uncompressedLength === undefined ? '' : `,"uncompressed_length":${uncompressedLength}`;
  return `{"id":"${id}","type":"${type}","offset":${offset},"length":${length}${plain}}`;
}

/** Throws `FORMAT_MALFORMED` with the place of the first wrong value. */
export function decodeIndexFile(bytes: Uint8Array): IndexFile {
  const supersedes: string[] = [];
  const packs = [...readIndexPacks(bytes, (id) => supersedes.push(id))];
  return { supersedes, packs };
}

/**
 * The packs one by one, holding only one as objects at a time. Throws `FORMAT_MALFORMED` where the
 * first wrong value is met, so what was yielded before must not be acted upon until the end.
 */
export function* readIndexPacks(
  bytes: Uint8Array,
  onSuperseded: (indexId: string) => void = () => {},
): Generator<IndexedPack> {
  const cursor = new JsonCursor(utf8Decode(bytes));
  try {
    if (cursor.peek() === OPEN_BRACKET) yield* readPackList(cursor);
    else yield* readDocument(cursor, onSuperseded);
    cursor.expectEnd();
  } catch (error) {
    throw malformedJson(WHAT, error);
  }
}

function* readDocument(
  cursor: JsonCursor,
  onSuperseded: (indexId: string) => void,
): Generator<IndexedPack> {
  let hasPacks = false;
  for (const key of objectKeys(cursor)) {
    if (key === 'packs') {
      hasPacks = true;
      if (!cursor.takeNull()) yield* readPackList(cursor);
    } else {
      const field = JsonField.parseText(WHAT, cursor.rawValue(), key);
      if (key === 'supersedes') for (const item of field.items()) onSuperseded(item.id());
    }
  }
  if (!hasPacks) new JsonField(WHAT, undefined, 'packs').fail('a list is missing');
}

function* readPackList(cursor: JsonCursor): Generator<IndexedPack> {
  for (const n of arrayElements(cursor)) {
    cursor.peek();
    const common = matchCommonPack(cursor.text, cursor.at);
    if (common !== undefined) {
      cursor.at = common.end;
      yield common.pack;
      continue;
    }
    yield decodePack(JsonField.parseText(WHAT, cursor.rawValue(), `packs[${n}]`));
  }
}

function decodePack(pack: JsonField): IndexedPack {
  const blobs = pack.get('blobs');
  const decoded = blobs.items().map(decodeBlob);
  const overlap = findOverlap(decoded);
  if (overlap !== undefined) {
    blobs.fail(`blob ${overlap.id} begins at ${overlap.offset}, inside another one`);
  }
  return { id: pack.get('id').id(), blobs: decoded };
}

function decodeBlob(blob: JsonField): IndexedBlob {
  const plain = blob.get('uncompressed_length');
  const uncompressedLength = plain.isAbsent ? 0 : plain.integer(0, UINT32_MAX);
  const offset = blob.get('offset').integer(0, UINT32_MAX);
  const entry: IndexedBlob = {
    id: blob.get('id').id(),
    type: blob.get('type').oneOf('data', 'tree'),
    offset,
    length: blob.get('length').integer(SEAL_OVERHEAD_BYTES, UINT32_MAX - offset),
  };
  return uncompressedLength === 0 ? entry : { ...entry, uncompressedLength };
}

/** restic lists a pack's blobs in no particular order, and need not list them all. */
function findOverlap(blobs: readonly IndexedBlob[]): IndexedBlob | undefined {
  let end = 0;
  for (const blob of blobs.toSorted((a, b) => a.offset - b.offset)) {
    if (blob.offset < end) return blob;
    end = blob.offset + blob.length;
  }
  return undefined;
}
