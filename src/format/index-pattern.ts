/**
 * A pack of an index file as restic and we write it, read by a pattern: five times as fast as the
 * general way through `JSON.parse` and checked fields, which every other spelling, and everything
 * that is wrong, is left to.
 */
import { SEAL_OVERHEAD_BYTES } from './crypto.ts';
import type { IndexedBlob, IndexedPack } from './index-file.ts';
import { UINT32_MAX } from './json-fields.ts';

const ID = '([0-9a-f]{64})';
const HEAD = new RegExp(String.raw`\{"id":"${ID}","blobs":\[`, 'y');
const BLOB = new RegExp(
  String.raw`\{"id":"${ID}","type":"(data|tree)","offset":(0|[1-9]\d{0,9}),"length":([1-9]\d{0,9})` +
    String.raw`(?:,"uncompressed_length":([1-9]\d{0,9}))?\}([,\]])`,
  'y',
);
const END = '}';

/** The pack whose text begins at `start`, and where it ends; nothing if it is not a common one. */
export function matchCommonPack(
  text: string,
  start: number,
): { readonly pack: IndexedPack; readonly end: number } | undefined {
  HEAD.lastIndex = start;
  const head = HEAD.exec(text);
  if (head === null) return undefined;
  const blobs: IndexedBlob[] = [];
  let packedTo = 0;
  BLOB.lastIndex = HEAD.lastIndex;
  for (;;) {
    const match = BLOB.exec(text);
    const blob = match === null ? undefined : blobOf(match);
    // Blobs out of order may overlap: the general way looks into that.
    if (blob === undefined || blob.offset < packedTo) return undefined;
    packedTo = blob.offset + blob.length;
    blobs.push(blob);
    if (match?.[6] === ']') break;
  }
  const end = BLOB.lastIndex;
  if (text[end] !== END) return undefined;
  return { pack: { id: ownCopy(head[1] ?? ''), blobs }, end: end + 1 };
}

function blobOf(match: RegExpExecArray): IndexedBlob | undefined {
  const [, id = '', type, offsetText, lengthText, plainText] = match;
  const offset = Number(offsetText);
  const length = Number(lengthText);
  const uncompressedLength = Number(plainText ?? 0);
  if (length < SEAL_OVERHEAD_BYTES || offset + length > UINT32_MAX) return undefined;
  if (uncompressedLength > UINT32_MAX) return undefined;
  const entry = { id, type: type === 'tree' ? 'tree' : 'data', offset, length } as const;
  return plainText === undefined ? entry : { ...entry, uncompressedLength };
}

/** A part of a text holds the whole of it in memory, and pack ids stay. */
function ownCopy(id: string): string {
  return Buffer.from(id, 'latin1').toString('latin1');
}
