/**
 * Go's `strconv.Quote` and `strconv.Unquote` without the quotes around: restic writes each node's
 * name so, and JSON-encodes the result.
 *
 *   character                          written
 *   "  \                               \"  \\
 *   printable (`go-printable.ts`)      as it is
 *   U+0007 08 0C 0A 0D 09 0B           \a \b \f \n \r \t \v
 *   other below U+0020, and U+007F     \x1b
 *   a byte that is not UTF-8           \xff
 *   other up to U+FFFF                 \u200b
 *   other beyond                       \U000e0001
 *
 * Reading also takes octal `\377`. Source: Go 1.25 strconv/quote.go; restic internal/data/node.go
 * `MarshalJSON` @ a80be14.
 */
import { decodeRawName, encodeRawName } from '../base/raw-name.ts';
import { isGoPrintable } from './go-printable.ts';

/** The common name: printable Latin, nothing to escape. U+00AD is the soft hyphen. */
const PLAIN = /^[ !#-[\]-~\u00A1-\u00AC\u00AE-\u024F]*$/;

const SHORT = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);
const SHORT_BACK = new Map([...SHORT].map(([char, escape]) => [escape, char]));

/** `name` is a raw name. The result is plain text: no lone surrogate is left in it. */
export function quoteGo(name: string): string {
  if (PLAIN.test(name)) return name;
  let quoted = '';
  for (const char of name) quoted += SHORT.get(char) ?? quoteRune(char, char.codePointAt(0) ?? 0);
  return quoted;
}

function quoteRune(char: string, code: number): string {
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code & 0xff, 2)}`;
  if (isGoPrintable(code)) return char;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

// One escape, or what may not stand alone: an unescaped quote or line end, a lone backslash.
const TOKEN =
  /\\(?:[abfnrtv"\\]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})|[\\"\n]/g;
const ESCAPED_BYTE = /[\uDC80-\uDCFF]/;

/** The raw name again. Throws `SyntaxError` where Go's `Unquote` fails. */
export function unquoteGo(quoted: string): string {
  const name = quoted.replace(TOKEN, unquoteToken);
  // Escaped bytes may make up valid UTF-8 together; only then is the raw name another string.
  return ESCAPED_BYTE.test(name) ? decodeRawName(encodeRawName(name)) : name;
}

function unquoteToken(token: string): string {
  const kind = token.charAt(1);
  if (kind === 'u' || kind === 'U') return runeOf(Number.parseInt(token.slice(2), 16), token);
  if (kind === 'x') return byteOf(Number.parseInt(token.slice(2), 16), token);
  if (kind >= '0' && kind <= '7') return byteOf(Number.parseInt(token.slice(1), 8), token);
  const char = SHORT_BACK.get(token);
  if (char === undefined) throw new SyntaxError(`${JSON.stringify(token)} stands alone`);
  return char;
}

function byteOf(byte: number, token: string): string {
  if (byte > 0xff) throw new SyntaxError(`"${token}" is no byte`);
  return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
}

function runeOf(code: number, token: string): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw new SyntaxError(`"${token}" names no character`);
  }
  return String.fromCodePoint(code);
}
