/**
 * JSON strings as Go's encoder writes them, because the id of a tree or snapshot is the hash of
 * its exact text.
 *
 *   character                   written
 *   "  \                        \"  \\
 *   U+0008 000C 000A 000D 0009  \b \f \n \r \t
 *   other controls < U+0020     \u00xx
 *   <  >  &                     \u003c \u003e \u0026   (HTML escaping is on by default)
 *   U+2028 U+2029               \u2028 \u2029
 *   not UTF-8                   \ufffd, once a byte
 *   all else, U+007F too        as it is
 *
 * Source: Go encoding/json `appendString`, since Go 1.22; older ones write U+0008 and U+000C as
 * \u0008 and \u000c.
 */

// eslint-disable-next-line no-control-regex -- control characters are exactly what is escaped
const NEEDS_ESCAPE = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/;
const TO_ESCAPE =
  // eslint-disable-next-line no-control-regex -- as above
  /["\\<>&\u0000-\u001f\u2028\u2029]|[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g;

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/**
 * The JSON text of a string, quotes included. A lone surrogate, which is how a raw name
 * (`base/raw-name.ts`) holds a byte that is not UTF-8, becomes `\ufffd`.
 */
export function encodeGoString(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  return `"${text.replace(TO_ESCAPE, escapeMatch)}"`;
}

function escapeMatch(match: string): string {
  if (match.length === 2) return match; // a surrogate pair is one valid character
  const short = SHORT[match];
  if (short !== undefined) return short;
  const code = match.charCodeAt(0);
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
