/**
 * Patterns of paths with restic's meaning (internal/filter/filter.go @ a80be14): each part is a
 * Go `filepath.Match` pattern, `**` stands for any number of folders, a pattern that does not start
 * with `/` may begin at any depth, and what matches a folder matches everything below it.
 */
import { posix } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';

/** One part: `**`, a text to be equal to, or a pattern. */
type Part = '**' | { readonly text: string } | { readonly regExp: RegExp };

export interface PathPattern {
  readonly negated: boolean;
  readonly absolute: boolean;
  readonly parts: readonly Part[];
}

/** Throws `PATTERN_INVALID`. Empty patterns mean nothing and are left out. */
export function parsePathPatterns(patterns: readonly string[]): PathPattern[] {
  return patterns.filter((pattern) => pattern !== '').map(parsePathPattern);
}

function parsePathPattern(pattern: string): PathPattern {
  const negated = pattern.startsWith('!');
  const cleaned = cleanPath(negated ? pattern.slice(1) : pattern);
  const absolute = cleaned.startsWith('/');
  const parts = cleaned.split('/').filter((part) => part !== '');
  return { negated, absolute, parts: parts.map((part) => parsePart(part, pattern)) };
}

/** Go's `filepath.Clean`. */
function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function parsePart(part: string, pattern: string): Part {
  if (part === '**') return '**';
  if (!/[\\[\]*?]/.test(part)) return { text: part };
  try {
    return { regExp: new RegExp(`^${toRegExp(part)}$`, 'su') };
  } catch (cause) {
    throw new KeepsakeError('PATTERN_INVALID', { pattern }, { cause });
  }
}

const TOKEN = /\*|\?|\[(\^?)((?:\\.|[^\\\]])+)\]|\\(.)|[^\\[]/gsu;
const CLASS_ITEM = /(?:\\(.)|([^\\-]))(?:-(?:\\(.)|([^\\-])))?/gsu;

function toRegExp(part: string): string {
  let text = '';
  let end = 0;
  for (const match of part.matchAll(TOKEN)) {
    if (match.index !== end) break;
    end = match.index + match[0].length;
    const [token, caret, items, escaped] = match;
    if (token === '*') text += '.*';
    else if (token === '?') text += '.';
    else if (items !== undefined) text += `[${caret ?? ''}${classItems(items)}]`;
    else text += quote(escaped ?? token);
  }
  if (end !== part.length) throw new SyntaxError('malformed pattern');
  return text;
}

function classItems(items: string): string {
  let text = '';
  let end = 0;
  for (const match of items.matchAll(CLASS_ITEM)) {
    if (match.index !== end) break;
    end = match.index + match[0].length;
    const low = match[1] ?? match[2] ?? '';
    const high = match[3] ?? match[4] ?? low;
    text += `${quote(low)}-${quote(high)}`;
  }
  if (end !== items.length) throw new SyntaxError('malformed class');
  return text;
}

function quote(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Whether the path, or a folder it lies in, is meant by the pattern. */
export function matchesPath({ absolute, parts }: PathPattern, names: readonly string[]): boolean {
  if (parts.length === 0) return absolute;
  const lastStart = absolute ? 0 : names.length;
  for (let start = 0; start <= lastStart; start += 1) {
    if (matchesFrom(parts, names, { part: 0, name: start })) return true;
  }
  return false;
}

/** Whether something below the path may be meant by the pattern. */
export function mayMatchBelow(pattern: PathPattern, names: readonly string[]): boolean {
  if (!pattern.absolute) return true;
  const wild = pattern.parts.indexOf('**');
  const known = wild >= 0 ? Math.min(names.length, wild) : names.length;
  const parts = pattern.parts.slice(0, known);
  return matchesPath({ ...pattern, parts }, names.slice(0, known));
}

function matchesFrom(
  parts: readonly Part[],
  names: readonly string[],
  at: { part: number; name: number },
): boolean {
  const part = parts[at.part];
  if (part === undefined) return at.name > 0;
  if (part === '**') {
    for (let name = at.name; name <= names.length; name += 1) {
      if (matchesFrom(parts, names, { part: at.part + 1, name })) return true;
    }
    return false;
  }
  const name = names[at.name];
  if (name === undefined) return false;
  const equal = 'text' in part ? part.text === name : part.regExp.test(name);
  return equal && matchesFrom(parts, names, { part: at.part + 1, name: at.name + 1 });
}
