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
const SHORT_BACK = new Map([...SHORT].map(([char, escape]) => [escape.slice(1), char]));

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
  /\\(?:([abfnrtv"\\])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|[\\"\n]/g;

/** The raw name again. Throws `SyntaxError` where Go's `Unquote` fails. */
export function unquoteGo(quoted: string): string {
  let byteEscapes = false;
  const name = quoted.replace(
    TOKEN,
    (token, short?: string, x?: string, u4?: string, u8?: string, octal?: string) => {
      if (short !== undefined) return SHORT_BACK.get(short) ?? short;
      const wide = u4 ?? u8;
      if (wide !== undefined) return runeOf(Number.parseInt(wide, 16), token);
      const byte = x === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(x, 16);
      if (!(byte <= 0xff)) throw new SyntaxError(`"${token}" cannot be unquoted`);
      if (byte < 0x80) return String.fromCharCode(byte);
      byteEscapes = true;
      return String.fromCharCode(0xdc00 + byte);
    },
  );
  // Escaped bytes may make up valid UTF-8 together; only then is the raw name another string.
  return byteEscapes ? decodeRawName(encodeRawName(name)) : name;
}

function runeOf(code: number, token: string): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw new SyntaxError(`"${token}" names no character`);
  }
  return String.fromCodePoint(code);
}
