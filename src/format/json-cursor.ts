/**
 * A forward reader of JSON text (RFC 8259) that keeps what `JSON.parse` loses: integers beyond 2^53
 * as their digits, unknown values as their exact text, and the place of an error.
 */

/** Thrown with the place and what was expected; callers turn it into their own error. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly offset: number;

  constructor(offset: number, expected: string) {
    super(`expected ${expected}`);
    this.offset = offset;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const MAX_DEPTH = 100;
// eslint-disable-next-line no-control-regex -- control characters may not stand in a JSON string
const SPECIAL = /[\\\u0000-\u001f]/;
// eslint-disable-next-line no-control-regex -- all that an encoder might write in another way
const NOT_PLAIN = /[\\<>&\u0000-\u001f\u007f-\uffff]/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

export class JsonCursor {
  readonly text: string;
  at = 0;
  /**
   * Set to false by everything that may be written in more than one way: white space, escapes,
   * characters beyond ASCII. For callers that care whether they would write the same text.
   */
  plain = true;

  /** More is to come: what is wrong may only not be there whole. */
  readonly isCut: boolean;

  constructor(text: string, { isCut = false } = {}) {
    this.text = text;
    this.isCut = isCut;
  }

  fail(expected: string): never {
    throw new JsonSyntaxError(this.at, expected);
  }

  /** The next character that is not white space; `NaN` at the end. */
  peek(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      this.at += 1;
      this.plain = false;
    }
  }

  /** Steps over `char` if it comes next. */
  take(char: string): boolean {
    if (this.peek() !== char.charCodeAt(0)) return false;
    this.at += 1;
    return true;
  }

  expect(char: string): void {
    if (!this.take(char)) this.fail(`"${char}"`);
  }

  takeNull(): boolean {
    if (this.peek() !== 0x6e || !this.text.startsWith('null', this.at)) return false;
    this.at += 4;
    return true;
  }

  /** A lone surrogate, which only an escape can bring, becomes U+FFFD, as in Go. */
  string(): string {
    if (this.peek() !== QUOTE) this.fail('a string');
    const start = this.at + 1;
    const end = this.text.indexOf('"', start);
    if (end < 0) this.fail('the end of a string');
    const value = this.text.slice(start, end);
    if (NOT_PLAIN.test(value)) {
      this.plain = false;
      if (SPECIAL.test(value)) return this.#escapedString(start);
    }
    this.at = end + 1;
    return value;
  }

  #escapedString(start: number): string {
    let end = start;
    for (; this.text.charCodeAt(end) !== QUOTE; end += 1) {
      if (end >= this.text.length) this.fail('the end of a string');
      if (this.text[end] === '\\') end += 1;
    }
    const token = this.text.slice(start - 1, end + 1);
    let value: unknown;
    try {
      value = JSON.parse(token);
    } catch {
      this.fail('a string without raw control characters and wrong escapes');
    }
    this.at = end + 1;
    return String(value).toWellFormed();
  }

  /** The digits of an integer from 0 on, without sign, fraction or exponent. */
  digits(): string {
    this.peek();
    const start = this.at;
    let end = start;
    while (isDigit(this.text.charCodeAt(end))) end += 1;
    const leadingZero = end > start + 1 && this.text[start] === '0';
    if (end === start || leadingZero || /[.eE]/.test(this.text.charAt(end))) {
      this.fail('an integer that is not negative');
    }
    this.at = end;
    return this.text.slice(start, end);
  }

  /** Steps over any value and gives its text as it stands. */
  rawValue(): string {
    this.peek();
    const start = this.at;
    this.#skipValue(0);
    return this.text.slice(start, this.at);
  }

  #skipValue(depth: number): void {
    if (depth > MAX_DEPTH) this.fail('less deeply nested values');
    this.peek();
    const first = this.text.charAt(this.at);
    const closing = CLOSING[first];
    if (first === '"') this.string();
    else if (closing !== undefined) this.#skipList(closing, depth);
    else if (!this.#skipWord()) this.fail('a value');
  }

  #skipList(closing: string, depth: number): void {
    this.at += 1;
    if (this.take(closing)) return;
    do {
      if (closing === '}') {
        this.string();
        this.expectColon();
      }
      this.#skipValue(depth + 1);
    } while (this.takeComma());
    this.expect(closing);
  }

  #skipWord(): boolean {
    for (const word of ['null', 'true', 'false']) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return true;
    }
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) return false;
    this.at += match[0].length;
    return true;
  }

  takeComma(): boolean {
    if (this.peek() !== COMMA) return false;
    this.at += 1;
    return true;
  }

  expectColon(): void {
    if (this.peek() !== COLON) this.fail('":"');
    this.at += 1;
  }

  /** Nothing but white space may follow. */
  expectEnd(): void {
    if (!Number.isNaN(this.peek())) this.fail('the end');
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
