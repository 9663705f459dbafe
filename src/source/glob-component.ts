/**
 * One component of a pattern, as Go's `filepath.Match` reads it.
 *
 * | pattern    | matches                                                     |
 * | ---------- | ----------------------------------------------------------- |
 * | `*`        | any characters                                              |
 * | `?`        | one character (of a name that is not UTF-8: one byte)       |
 * | `[a-cx]`   | one of these characters; `[^…]` any other; never empty      |
 * | `\c`       | the character c, also inside brackets                       |
 * | else       | itself                                                      |
 *
 * Source: Go path/filepath/match.go.
 */

export type ComponentMatcher = (component: string) => boolean;

/** `undefined` when malformed: an open bracket, an empty class, a final backslash. */
export function compileComponent(pattern: string): ComponentMatcher | undefined {
  if (!/[\\[\]*?]/.test(pattern)) return (component) => component === pattern;
  const characters = Array.from(pattern);
  let source = '';
  let at = 0;
  while (at < characters.length) {
    const piece = readPiece(characters, at);
    if (piece === undefined) return undefined;
    source += piece.source;
    at = piece.end;
  }
  const expression = new RegExp(`^${source}$`, 'su');
  return (component) => expression.test(component);
}

interface Piece {
  readonly source: string;
  readonly end: number;
}

function readPiece(characters: readonly string[], at: number): Piece | undefined {
  const character = characters[at];
  if (character === '*') {
    // A run of stars means one, and several would make the expression slow.
    let end = at + 1;
    while (characters[end] === '*') end += 1;
    return { source: '.*', end };
  }
  if (character === '?') return { source: '.', end: at + 1 };
  if (character === '[') return readClass(characters, at + 1);
  const literal = readLiteral(characters, at);
  return literal && { source: escapeLiteral(literal.source), end: literal.end };
}

function readClass(characters: readonly string[], start: number): Piece | undefined {
  let at = start;
  const negated = characters[at] === '^';
  if (negated) at += 1;
  const ranges: string[] = [];
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = readClassEnd(characters, at);
    if (low === undefined) return undefined;
    at = low.end;
    let high = low;
    if (characters[at] === '-') {
      const end = readClassEnd(characters, at + 1);
      if (end === undefined) return undefined;
      high = end;
      at = end.end;
    }
    ranges.push(rangeSource(low.source, high.source));
  }
  return { source: `[${negated ? '^' : ''}${ranges.join('')}]`, end: at + 1 };
}

function readClassEnd(characters: readonly string[], at: number): Piece | undefined {
  const character = characters[at];
  if (character === '-' || character === ']') return undefined;
  const literal = readLiteral(characters, at);
  // A class must be closed: nothing may end the pattern here.
  return literal !== undefined && literal.end < characters.length ? literal : undefined;
}

function readLiteral(characters: readonly string[], at: number): Piece | undefined {
  const escaped = characters[at] === '\\';
  const source = characters[escaped ? at + 1 : at];
  return source === undefined ? undefined : { source, end: at + (escaped ? 2 : 1) };
}

/** Go takes `[b-a]` for a range that holds nothing. */
function rangeSource(low: string, high: string): string {
  const [from, to] = [low.codePointAt(0) ?? 0, high.codePointAt(0) ?? 0];
  return from <= to ? `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}` : '';
}

function escapeLiteral(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
