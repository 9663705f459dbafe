/**
 * Which paths are meant: restic's `--include` patterns, written as its `--exclude` ones are
 * (`source/excludes.ts`), and the question whether anything below a folder may be meant.
 * Source: restic internal/filter/{filter,include}.go @ a80be14.
 */
import { posix } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { compileComponent, type ComponentMatcher } from '../source/glob-component.ts';

/** One component, or any number of them. */
type Part = ComponentMatcher | '**';

export interface IncludePattern {
  readonly negated: boolean;
  /** Begins at the root; any other may begin at every depth. */
  readonly anchored: boolean;
  readonly parts: readonly Part[];
}

/** Throws `SOURCE_BAD_PATTERN` for a malformed pattern; empty ones are ignored. */
export function compileIncludes(patterns: readonly string[]): IncludePattern[] {
  return patterns.filter((pattern) => pattern !== '').map(compilePattern);
}

function compilePattern(pattern: string): IncludePattern {
  const negated = pattern.startsWith('!');
  const path = posix.normalize(negated ? pattern.slice(1) : pattern);
  const components = path.split('/').filter((component) => component !== '');
  const parts = components.map((component): Part => {
    const part = component === '**' ? component : compileComponent(component);
    if (part === undefined) throw new KeepsakeError('SOURCE_BAD_PATTERN', { pattern });
    return part;
  });
  return { negated, anchored: path.startsWith('/'), parts };
}

/** Whether the path, or a folder it lies in, is meant by the pattern. */
export function matchesPath(
  { anchored, parts }: IncludePattern,
  components: readonly string[],
): boolean {
  if (parts.length === 0) return anchored;
  const lastStart = anchored ? 0 : components.length;
  for (let start = 0; start <= lastStart; start += 1) {
    if (matchesFrom(parts, components, { part: 0, component: start })) return true;
  }
  return false;
}

/** Whether something below the path may be meant by the pattern. */
export function mayMatchBelow(pattern: IncludePattern, components: readonly string[]): boolean {
  if (!pattern.anchored) return true;
  const wild = pattern.parts.indexOf('**');
  const known = wild < 0 ? components.length : Math.min(components.length, wild);
  const parts = pattern.parts.slice(0, known);
  return matchesPath({ ...pattern, parts }, components.slice(0, known));
}

function matchesFrom(
  parts: readonly Part[],
  components: readonly string[],
  at: { part: number; component: number },
): boolean {
  const part = parts[at.part];
  if (part === undefined) return at.component > 0;
  const next = at.part + 1;
  if (part === '**') {
    for (let component = at.component; component <= components.length; component += 1) {
      if (matchesFrom(parts, components, { part: next, component })) return true;
    }
    return false;
  }
  const component = components[at.component];
  if (component === undefined || !part(component)) return false;
  return matchesFrom(parts, components, { part: next, component: at.component + 1 });
}
