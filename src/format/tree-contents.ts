/**
 * The lists of blobs in a tree's bytes, found without decoding a node. Only for a tree that Keepsake
 * wrote: JSON may be written with spaces, too. In a string the quotes of the mark would be escaped.
 */
import { asBuffer } from '../base/bytes.ts';

const MARK = Buffer.from('"content":[', 'latin1');
const LIST_END = 0x5d; // ]
const ID_DIGITS = 64;
/** `"` before an id, `",` after it. */
const ID_STEP = ID_DIGITS + 3;

/** Of each file the ids of its blobs; what has no list, as a folder, is left out. */
export function* treeContents(pieces: Iterable<Uint8Array>): Generator<string[]> {
  let rest = Buffer.alloc(0);
  for (const piece of pieces) {
    const bytes = rest.length === 0 ? asBuffer(piece) : Buffer.concat([rest, piece]);
    let at = 0;
    for (;;) {
      const start = bytes.indexOf(MARK, at);
      const end = start < 0 ? -1 : bytes.indexOf(LIST_END, start);
      if (end < 0) {
        at = start < 0 ? Math.max(at, bytes.length - MARK.length + 1) : start;
        break;
      }
      yield idsIn(bytes, start + MARK.length, end);
      at = end;
    }
    rest = Buffer.from(bytes.subarray(at)); // the next piece may overwrite it
  }
}

function idsIn(bytes: Buffer, start: number, end: number): string[] {
  const ids: string[] = [];
  for (let at = start + 1; at < end; at += ID_STEP)
    ids.push(bytes.toString('latin1', at, at + ID_DIGITS));
  return ids;
}
