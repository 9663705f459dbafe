/**
 * File names and paths as strings that lose nothing.
 *
 * A POSIX name is bytes, mostly UTF-8. Here it is a JavaScript string: valid UTF-8 decodes as
 * usual, and each byte that is not part of valid UTF-8 becomes the lone surrogate U+DC00 + byte
 * (Python's "surrogateescape", PEP 383). Valid UTF-8 never decodes to a lone surrogate, so the
 * mapping is one to one and both directions are exact.
 */
import { asBuffer } from './bytes.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ESCAPED = /[\uDC80-\uDCFF]/;
const SURROGATE = /[\uD800-\uDFFF]/;
const ESCAPE_BASE = 0xdc00;

export function decodeRawName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    // Not UTF-8: the slow, exact way below.
  }
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = validSequenceLength(bytes, at);
    text +=
      length === 0
        ? String.fromCharCode(ESCAPE_BASE + (bytes[at] ?? 0))
        : decoder.decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

/** The exact bytes again, for system calls and for the repository. */
export function encodeRawName(name: string): Uint8Array {
  if (!ESCAPED.test(name)) return Buffer.from(name, 'utf8');
  const parts: Uint8Array[] = [];
  for (const char of name) {
    const code = char.codePointAt(0) ?? 0;
    const escaped = code >= 0xdc80 && code <= 0xdcff;
    parts.push(escaped ? Uint8Array.of(code - ESCAPE_BASE) : Buffer.from(char, 'utf8'));
  }
  return Buffer.concat(parts);
}

/**
 * What `node:fs` should be given for this name or path: the string itself, or a `Buffer` where the
 * name is not UTF-8.
 */
export function fsPath(name: string): string | Buffer {
  return ESCAPED.test(name) ? asBuffer(encodeRawName(name)) : name;
}

/** Orders names by their bytes, as restic's trees do (Go compares strings bytewise). */
export function compareRawNames(a: string, b: string): number {
  if (a === b) return 0;
  // UTF-16 order equals byte order unless a surrogate (or an escaped byte) is involved.
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  const at = differenceAt(a, b);
  const ends = [a.slice(at, at + 1), b.slice(at, at + 1)];
  if (!ends.some((unit) => SURROGATE.test(unit))) return a.slice(at) < b.slice(at) ? -1 : 1;
  // Not from the second half of a pair.
  const from = SURROGATE.test(a.slice(at - 1, at)) ? at - 1 : at;
  return Buffer.compare(encodeRawName(a.slice(from)), encodeRawName(b.slice(from)));
}

/** The first unit that is not the same; encoding all of a name takes far longer. */
function differenceAt(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return at;
}

/** For people: bytes that are not UTF-8 and control characters are shown as `\xHH`. */
export function displayRawName(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is hidden
  return name.replace(/[\uDC80-\uDCFF\u0000-\u001F\u007F]/g, (char) => {
    const code = char.charCodeAt(0) & 0xff;
    return `\\x${code.toString(16).padStart(2, '0')}`;
  });
}

/** Length of the valid UTF-8 sequence at `at` (Unicode 15, table 3-7), or 0. */
function validSequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  try {
    decoder.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
