/** Keeps `check` readable where one lost pack hurts thousands of files: the first few of each kind. */
import { isNote, type CheckProblem } from '../repository/check-problem.ts';
import { count } from './phrases.ts';

const MOST = 3;
const MOST_SNAPSHOTS = 10;

/** What the others are, that are only counted. */
const OTHERS: Record<CheckProblem['kind'], [noun: string, verb: string]> = {
  'key-damaged': ['key file', 'damaged'],
  'index-damaged': ['index file', 'damaged'],
  'pack-missing': ['pack', 'missing'],
  'pack-size': ['pack', 'of the wrong size'],
  'pack-damaged': ['pack', 'damaged'],
  'snapshot-damaged': ['snapshot file', 'damaged'],
  'tree-damaged': ['folder', 'unreadable'],
  'content-missing': ['file', 'without all of their data'],
  'content-unlisted': ['file', 'without a list of their pieces'],
  'size-mismatch': ['file', 'of another size than they say'],
  'snapshot-hurt': ['snapshot', 'hurt'],
  'pack-unreferenced': ['pack', 'in no index'],
  'pack-indexed-twice': ['pack', 'in several index files'],
  'pack-mixed': ['pack', 'that mix trees and data'],
  'lock-damaged': ['lock file', 'damaged'],
};

export class CheckDigest {
  readonly #counts = new Map<CheckProblem['kind'], { seen: number; note: boolean }>();

  /** False: it is one of many, and only counted. */
  admits(problem: CheckProblem): boolean {
    const { kind } = problem;
    const seen = (this.#counts.get(kind)?.seen ?? 0) + 1;
    this.#counts.set(kind, { seen, note: isNote(problem) });
    return seen <= mostOf(kind);
  }

  /** One line for each kind of which some were only counted. */
  *rest(): Generator<{ isNote: boolean; line: string }> {
    for (const [kind, { seen, note }] of this.#counts) {
      const more = seen - mostOf(kind);
      const [noun, what] = OTHERS[kind];
      if (more > 0)
        yield { isNote: note, line: `and ${count(more, `more ${noun}`)} ${what} (-v names all)` };
    }
  }
}

function mostOf(kind: CheckProblem['kind']): number {
  return kind === 'snapshot-hurt' ? MOST_SNAPSHOTS : MOST;
}
