/**
 * Walks a JSON document without building it: where each value begins and ends. For indexes that
 * are too large to hold as objects, and for fields that must survive as the text they were.
 *
 * It finds extents and checks structure only; a value's text is checked by parsing it.
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

export class JsonScanner {
  readonly #what: string;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(what: string, bytes: Uint8Array) {
    this.#what = what;
    this.#bytes = bytes;
  }

  /** The first byte of the next value, not taken. */
  peek(): number | undefined {
    while (SPACE.has(this.#bytes[this.#at] ?? 0)) this.#at += 1;
    return this.#bytes[this.#at];
  }

  /** The keys of the object that begins here. After each, its value must be taken. */
  *keys(): Generator<string> {
    for (const _ of this.#members(OPEN_BRACE, CLOSE_BRACE)) {
      if (this.peek() !== QUOTE) this.#fail('a key in quotes');
      const key: unknown = JSON.parse(this.#text(this.value()));
      this.#expect(COLON);
      yield String(key);
    }
  }

  /** Once for each element of the array that begins here. At each, its value must be taken. */
  elements(): Generator<number> {
    return this.#members(OPEN_BRACKET, CLOSE_BRACKET);
  }

  /** Takes the next value, whatever it is, and returns its bytes. */
  value(): Uint8Array {
    const first = this.peek();
    const start = this.#at;
    if (first === QUOTE) this.#skipString();
    else if (first === OPEN_BRACE || first === OPEN_BRACKET) this.#skipNested();
    else this.#skipBare();
    return this.#bytes.subarray(start, this.#at);
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.peek() !== undefined) this.#fail('the end');
  }

  *#members(open: number, close: number): Generator<number> {
    this.#expect(open);
    if (this.peek() === close) {
      this.#at += 1;
      return;
    }
    for (let n = 0; ; n += 1) {
      yield n;
      if (this.peek() === close) break;
      this.#expect(COMMA);
    }
    this.#at += 1;
  }

  #skipNested(): void {
    let depth = 0;
    do {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) this.#fail('more');
      if (byte === QUOTE) {
        this.#skipString();
        continue;
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
      this.#at += 1;
    } while (depth > 0);
  }

  #skipString(): void {
    for (this.#at += 1; ; this.#at += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) this.#fail('a closing quote');
      if (byte === BACKSLASH) this.#at += 1;
      else if (byte === QUOTE) break;
    }
    this.#at += 1;
  }

  #skipBare(): void {
    const start = this.#at;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || SPACE.has(byte)) break;
      if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET) break;
      this.#at += 1;
    }
    if (this.#at === start) this.#fail('a value');
  }

  #text(bytes: Uint8Array): string {
    return new TextDecoder().decode(bytes);
  }

  #expect(byte: number): void {
    if (this.peek() !== byte) this.#fail(`"${String.fromCharCode(byte)}"`);
    this.#at += 1;
  }

  #fail(expected: string): never {
    const byte = this.#bytes[this.#at];
    const found = byte === undefined ? 'the end' : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    throw new KeepsakeError('FORMAT_MALFORMED', {
      what: this.#what,
      where: `byte ${this.#at}`,
      problem: `expected ${expected}, found ${found}`,
    });
  }
}
