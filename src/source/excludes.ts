/**
 * Which paths are left out: restic's `--exclude` patterns and their meaning.
 *
 * - `*`, `?`, `[a-z]`, `[^a-z]` and `\` match inside one path component, `**` any number of them.
 * - A pattern that begins with `/` is anchored; any other matches at every depth.
 * - A pattern matches a path and everything below it.
 * - `!pattern` takes back what an earlier pattern left out; the last match decides. What lies below
 *   a folder that was left out is never looked at.
 *
 * Source: restic internal/filter/{filter,exclude}.go @ a80be14; Go's path/filepath.Match.
 */
import { posix } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { compileComponent, type ComponentMatcher } from './glob-component.ts';

export interface ExcludeMatcher {
  /** Whether the absolute raw path is left out. */
  matches(path: string): boolean;
}

export interface ExcludePatterns {
  readonly patterns?: readonly string[];
  /** As `patterns`, without regard to case. */
  readonly patternsAnyCase?: readonly string[];
}

interface Pattern {
  readonly negated: boolean;
  /** Stands in each path that matches; looking for it is quick. */
  readonly literal: string;
  /** Begins at the root. */
  readonly anchored: boolean;
  /** What stands between the `**`, each a run of components that follow one another. */
  readonly runs: readonly (readonly ComponentMatcher[])[];
}

export const excludeNothing: ExcludeMatcher = { matches: () => false };

/** Throws `SOURCE_BAD_PATTERN` for a malformed pattern; empty ones are ignored. */
export function compileExcludes(excludes: ExcludePatterns): ExcludeMatcher {
  const exact = (excludes.patterns ?? []).filter((text) => text !== '').map(parsePattern);
  const anyCase = (excludes.patternsAnyCase ?? [])
    .filter((text) => text !== '')
    .map((text) => parsePattern(text.toLowerCase()));
  if (exact.length + anyCase.length === 0) return excludeNothing;
  return {
    matches: (path) =>
      listMatches(exact, path) || (anyCase.length > 0 && listMatches(anyCase, path.toLowerCase())),
  };
}

/**
 * The patterns of an exclude file: one a line, blank lines and `#` comments aside, `$NAME` and
 * `${NAME}` replaced from `environment`, `$$` a dollar sign.
 */
export function parseExcludeFile(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => expandVariables(line, environment));
}

/** As Go's `os.Expand`: a `$` before anything that is no name stays. */
function expandVariables(
  line: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return line.replace(
    /\$(?:\$|\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*|[0-9*#@!?-]))/g,
    (whole, braced?: string, plain?: string) =>
      whole === '$$' ? '$' : (environment[braced ?? plain ?? ''] ?? ''),
  );
}

function listMatches(patterns: readonly Pattern[], path: string): boolean {
  let components: readonly string[] | undefined;
  let matched = false;
  for (const pattern of patterns) {
    // Only a pattern that would change the answer so far needs looking at.
    if (pattern.negated !== matched || !path.includes(pattern.literal)) continue;
    components ??= splitComponents(path);
    if (matchesPattern(pattern, components)) matched = !matched;
  }
  return matched;
}

/**
 * A pattern need not reach the end of the path, so the leftmost place of each run is as good as
 * any other.
 */
function matchesPattern({ anchored, runs }: Pattern, components: readonly string[]): boolean {
  let at = anchored ? 0 : components[0] === '/' ? 1 : 0;
  for (const [index, run] of runs.entries()) {
    const found =
      anchored && index === 0
        ? runMatches(run, components, 0)
          ? 0
          : -1
        : findRun(run, components, at);
    if (found < 0) return false;
    at = found + run.length;
  }
  return true;
}

function findRun(run: readonly ComponentMatcher[], components: readonly string[], from: number) {
  for (let at = from; at + run.length <= components.length; at += 1) {
    if (runMatches(run, components, at)) return at;
  }
  return -1;
}

function runMatches(
  run: readonly ComponentMatcher[],
  components: readonly string[],
  at: number,
): boolean {
  if (at + run.length > components.length) return false;
  return run.every((matcher, index) => matcher(components[at + index] ?? ''));
}

function parsePattern(text: string): Pattern {
  const negated = text.startsWith('!');
  const path = cleanPath(negated ? text.slice(1) : text);
  const components = splitComponents(path);
  const runs: ComponentMatcher[][] = [[]];
  for (const component of components) {
    // Go splits "/" into the root and an empty component, which it then takes for "**".
    if (component === '**' || component === '') runs.push([]);
    else runs.at(-1)?.push(compilePart(component, text));
  }
  return { negated, literal: firstLiteral(path), anchored: components[0] === '/', runs };
}

/** The longest component, or beginning of one, before any character with a meaning. */
function firstLiteral(path: string): string {
  const [plain = ''] = /^[^\\[\]*?]*/.exec(path) ?? [];
  return plain.split('/').reduce((longest, one) => (one.length > longest.length ? one : longest));
}

function compilePart(component: string, pattern: string): ComponentMatcher {
  const matcher = compileComponent(component);
  if (matcher === undefined) throw new KeepsakeError('SOURCE_BAD_PATTERN', { pattern });
  return matcher;
}

/** As Go's `filepath.Clean`: no `.`, `..`, double or final slashes. */
function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/** The first component of an absolute path is `/`. */
function splitComponents(path: string): string[] {
  const components = path.split('/');
  if (components[0] === '') components[0] = '/';
  return components;
}
