/**
 * Words for the POSIX shell, in commands that a person copies or a program hands to `sh`.
 *
 * Source: POSIX.1-2017, XCU 2.2.2 (single quotes keep everything but themselves) and 2.6.3 (a
 * command substitution loses line breaks at its end, so they stay outside of it).
 */
import { encodeRawName } from './raw-name.ts';

/** `=` and `~` are left out: they mean something at some places. */
const PLAIN = /^[A-Za-z0-9_/:.,+@%-]+$/;
// eslint-disable-next-line no-control-regex -- control characters are exactly what is hidden
const ODD = /([\uDC80-\uDCFF\u0000-\u0009\u000B-\u001F\u007F]+)/;

/**
 * A raw name as one word. Bytes that are no text, and control characters, which would do something
 * to a terminal or a printer, are spelled out.
 */
export function quoteForShell(name: string): string {
  if (PLAIN.test(name)) return name;
  if (name === '') return "''";
  const parts = name.split(ODD).map((part, at) => (at % 2 === 0 ? quoted(part) : spelledOut(part)));
  return parts.join('');
}

export function quoteAll(words: readonly string[]): string {
  return words.map(quoteForShell).join(' ');
}

function quoted(text: string): string {
  return text === '' ? '' : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function spelledOut(text: string): string {
  const octal = Array.from(encodeRawName(text), (byte) => byte.toString(8).padStart(3, '0'));
  return `"$(printf '${octal.map((digits) => `\\${digits}`).join('')}')"`;
}
