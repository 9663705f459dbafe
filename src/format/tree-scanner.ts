/**
 * Reads a tree whose bytes come in pieces: what is held at any time is the text of one piece and
 * what the pieces before it left of an entry. The listing of a folder of 200,000 files is 80 MB.
 *
 * An entry that cannot be read may only not be there whole. So what is wrong is told when all bytes
 * are there, at the place where it stands, as if they had come in one piece.
 */
import { concatBytes } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { JsonCursor, JsonSyntaxError } from './json-cursor.ts';

/** What comes next. */
type Place = 'opening' | 'field' | 'first entry' | 'entry' | 'end of entries' | 'end';

export class TreeScanner<T> {
  readonly #read: (cursor: JsonCursor) => T;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** Of a character that goes on in the next piece. */
  #bytes: Uint8Array = new Uint8Array(0);
  #text = '';
  /** Where `#text` begins in the whole. */
  #offset = 0;
  #place: Place = 'opening';
  #hasEntries = false;
  /** With less text nothing is tried, or an entry of many megabytes would be tried at each piece. */
  #enough = 0;

  /** @param read takes the entry that begins at the cursor */
  constructor(read: (cursor: JsonCursor) => T) {
    this.#read = read;
  }

  /** The entries that are there whole by now. */
  push(bytes: Uint8Array): T[] {
    this.#take(bytes);
    return this.#text.length < this.#enough ? [] : this.#entries(false);
  }

  /** After the last piece. Throws `TREE_MALFORMED`, or what reading an entry threw. */
  finish(): T[] {
    this.#text += this.#decode(this.#bytes);
    return this.#entries(true);
  }

  #take(bytes: Uint8Array): void {
    const all = this.#bytes.length === 0 ? bytes : concatBytes([this.#bytes, bytes]);
    let end = all.length;
    while (end > 0 && (all[end - 1] ?? 0) >= 0x80) end -= 1;
    this.#text += this.#decode(all.subarray(0, end));
    this.#bytes = new Uint8Array(all.subarray(end));
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes);
    } catch (cause) {
      throw new KeepsakeError('TREE_MALFORMED', { offset: 0, what: 'it is not UTF-8' }, { cause });
    }
  }

  #entries(isAll: boolean): T[] {
    const cursor = new JsonCursor(this.#text, { isCut: !isAll });
    const entries: T[] = [];
    let done = 0;
    try {
      while (this.#place !== 'end') {
        const entry = this.#step(cursor);
        done = cursor.at;
        if (entry !== undefined) entries.push(entry);
      }
      if (isAll) this.#expectEnd(cursor);
    } catch (error) {
      if (isAll) throw this.#told(error);
    }
    this.#offset += done;
    this.#text = this.#text.slice(done);
    this.#enough = 2 * this.#text.length;
    return entries;
  }

  /** Changes nothing where it throws. It always ends at what tells that the value before is whole. */
  #step(cursor: JsonCursor): T | undefined {
    switch (this.#place) {
      case 'opening':
        cursor.expect('{');
        this.#place = 'field';
        return undefined;
      case 'field':
        this.#place = this.#readField(cursor);
        return undefined;
      case 'first entry':
        if (cursor.take(']')) {
          this.#place = 'end of entries';
          return undefined;
        }
        return this.#readEntry(cursor);
      case 'entry':
        return this.#readEntry(cursor);
      case 'end of entries':
      case 'end': // which nobody steps from
        this.#place = endField(cursor);
        return undefined;
    }
  }

  #readField(cursor: JsonCursor): Place {
    const key = cursor.string();
    cursor.expectColon();
    if (key !== 'nodes' || this.#hasEntries) {
      cursor.rawValue();
      return endField(cursor);
    }
    const next = cursor.takeNull() ? 'end of entries' : 'first entry';
    if (next === 'first entry') cursor.expect('[');
    this.#hasEntries = true;
    return next;
  }

  #readEntry(cursor: JsonCursor): T {
    const entry = this.#read(cursor);
    const isLast = !cursor.takeComma();
    if (isLast) cursor.expect(']');
    this.#place = isLast ? 'end of entries' : 'entry';
    return entry;
  }

  #expectEnd(cursor: JsonCursor): void {
    cursor.expectEnd();
    if (!this.#hasEntries) cursor.fail('the field "nodes"');
  }

  #told(error: unknown): unknown {
    if (!(error instanceof JsonSyntaxError)) return error;
    const offset = this.#offset + error.offset;
    return new KeepsakeError('TREE_MALFORMED', { offset, what: error.message });
  }
}

function endField(cursor: JsonCursor): Place {
  if (cursor.takeComma()) return 'field';
  cursor.expect('}');
  return 'end';
}
