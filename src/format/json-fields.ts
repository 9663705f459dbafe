/**
 * Strict readers for the JSON of repository files: each knows what it reads (`index file`) and
 * where (`packs[3].id`), so that a wrong value is named and never passed on.
 */
import { isHexId, utf8Decode } from '../base/bytes.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';

export const UINT32_MAX = 0xffff_ffff;

// Go's time.Time in JSON: RFC 3339 with up to nine digits of fraction.
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** One value of a document and its place. */
export class JsonField {
  readonly #what: string;
  readonly #where: string;
  readonly #value: unknown;

  constructor(what: string, value: unknown, where = '') {
    this.#what = what;
    this.#where = where;
    this.#value = value;
  }

  /** Parses a whole document; `FORMAT_MALFORMED` if it is no JSON. */
  static parse(what: string, bytes: Uint8Array, where = ''): JsonField {
    return JsonField.parseText(what, utf8Decode(bytes), where);
  }

  static parseText(what: string, text: string, where = ''): JsonField {
    try {
      return new JsonField(what, JSON.parse(text), where);
    } catch (error) {
      const problem = `not JSON (${describeCause(error)})`;
      throw new KeepsakeError('FORMAT_MALFORMED', { what, where, problem }, { cause: error });
    }
  }

  /** Absent, or null as Go writes a nil value. */
  get isAbsent(): boolean {
    return this.#value === undefined || this.#value === null;
  }

  get(name: string): JsonField {
    if (typeof this.#value !== 'object' || this.#value === null || Array.isArray(this.#value)) {
      this.#wrong('an object');
    }
    const value = Object.hasOwn(this.#value, name)
      ? (this.#value as Record<string, unknown>)[name]
      : undefined;
    return new JsonField(this.#what, value, this.#where === '' ? name : `${this.#where}.${name}`);
  }

  /** The elements of an array; null counts as empty, because Go writes a nil slice so. */
  items(): JsonField[] {
    if (this.#value === null) return [];
    if (!Array.isArray(this.#value)) this.#wrong('a list');
    return this.#value.map((item, n) => new JsonField(this.#what, item, `${this.#where}[${n}]`));
  }

  /** Text as Go decodes it: a lone surrogate becomes U+FFFD. */
  text(): string {
    if (typeof this.#value !== 'string') this.#wrong('text');
    return this.#value.toWellFormed();
  }

  flag(): boolean {
    if (typeof this.#value !== 'boolean') this.#wrong('true or false');
    return this.#value;
  }

  integer(min: number, max: number): number {
    if (!Number.isSafeInteger(this.#value) || Object.is(this.#value, -0)) {
      this.#wrong(`a whole number from ${min} to ${max}`);
    }
    const value = this.#value as number;
    if (value < min || value > max) this.#wrong(`a whole number from ${min} to ${max}`);
    return value;
  }

  id(): string {
    if (typeof this.#value !== 'string' || !isHexId(this.#value)) {
      this.#wrong('an id of 64 hex digits');
    }
    return this.#value;
  }

  time(): string {
    if (typeof this.#value !== 'string' || !RFC3339.test(this.#value)) {
      this.#wrong('a time as in 2026-01-31T23:59:59.5Z');
    }
    return this.#value;
  }

  oneOf<T extends string>(...choices: readonly T[]): T {
    const found = choices.find((choice) => choice === this.#value);
    return found ?? this.#wrong(choices.map((choice) => `"${choice}"`).join(' or '));
  }

  base64(): Uint8Array {
    const text = this.#value;
    if (typeof text !== 'string' || !BASE64.test(text)) this.#wrong('base64');
    const bytes = Buffer.from(text, 'base64');
    // Unused bits that are set, or missing padding: not what any encoder writes.
    if (bytes.toString('base64') !== text) this.#wrong('base64');
    return bytes;
  }

  /** Refuses this value with words of the caller's own. */
  fail(problem: string): never {
    throw new KeepsakeError('FORMAT_MALFORMED', { what: this.#what, where: this.#where, problem });
  }

  #wrong(expected: string): never {
    if (this.#value === undefined) return this.fail(`${expected} is missing`);
    return this.fail(`expected ${expected}, found ${excerpt(this.#value)}`);
  }
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
