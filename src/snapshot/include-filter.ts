import { matchesPath, mayMatchBelow, parsePathPatterns, type PathPattern } from './path-pattern.ts';

export interface Selection {
  readonly selected: boolean;
  /** For folders: whether anything below may be selected. */
  readonly descend: boolean;
}

/** Asked with a path as it is in the snapshot. */
export type PathFilter = (path: string) => Selection;

export interface FilterPatterns {
  include?: readonly string[] | undefined;
  exclude?: readonly string[] | undefined;
}

const EVERYTHING: Selection = { selected: true, descend: true };

/**
 * What `--include` and `--exclude` select, as restic's restore does. A pattern that begins with `!`
 * takes back what the patterns before it matched. With both lists, what is excluded stays out of
 * what is included. Throws `PATTERN_INVALID`.
 */
export function createPathFilter({ include = [], exclude = [] }: FilterPatterns): PathFilter {
  const included = parsePathPatterns(include);
  const excluded = parsePathPatterns(exclude);
  if (included.length === 0 && excluded.length === 0) return () => EVERYTHING;
  return (path) => {
    const names = path.split('/').filter((name) => name !== '');
    if (judge(excluded, names).selected) return { selected: false, descend: false };
    return included.length === 0 ? EVERYTHING : judge(included, names);
  };
}

function judge(patterns: readonly PathPattern[], names: readonly string[]): Selection {
  let selected = false;
  let descend = false;
  for (const pattern of patterns) {
    const matches = matchesPath(pattern, names);
    if (pattern.negated) {
      selected &&= !matches;
      descend &&= !matches;
    } else {
      selected ||= matches;
      descend ||= matches || mayMatchBelow(pattern, names);
    }
  }
  return { selected, descend };
}
