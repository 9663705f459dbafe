import { compileExcludes } from '../source/excludes.ts';
import {
  compileIncludes,
  matchesPath,
  mayMatchBelow,
  type IncludePattern,
} from './include-patterns.ts';

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
const NOTHING: Selection = { selected: false, descend: false };

/**
 * What `--include` and `--exclude` select, as restic's restore does. A pattern that begins with `!`
 * takes back what the patterns before it matched. With both lists, what is excluded stays out of
 * what is included. Throws `SOURCE_BAD_PATTERN`.
 */
export function createPathFilter({ include = [], exclude = [] }: FilterPatterns): PathFilter {
  const included = compileIncludes(include);
  const excluded = compileExcludes({ patterns: exclude });
  return (path) => {
    if (excluded.matches(path)) return NOTHING;
    return included.length === 0 ? EVERYTHING : judge(included, path);
  };
}

function judge(patterns: readonly IncludePattern[], path: string): Selection {
  const components = path.split('/').filter((component) => component !== '');
  let selected = false;
  let descend = false;
  for (const pattern of patterns) {
    const matches = matchesPath(pattern, components);
    if (pattern.negated) {
      selected &&= !matches;
      descend &&= !matches;
    } else {
      selected ||= matches;
      descend ||= matches || mayMatchBelow(pattern, components);
    }
  }
  return { selected, descend };
}
