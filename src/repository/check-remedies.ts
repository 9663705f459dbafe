/** The commands that help against what `check` found. */
import { isNote, type CheckProblem } from './check-problem.ts';

const REPAIR_INDEX = 'keepsake repair index';
const REPAIR_PACKS = 'keepsake repair index --read-data';
/** What the app still has comes back into every snapshot that lacks it. */
const BACKUP = 'keepsake backup';
const REPAIR_SNAPSHOTS = 'keepsake repair snapshots';
const ALL = [REPAIR_INDEX, REPAIR_PACKS, BACKUP, REPAIR_SNAPSHOTS];

export class CheckRemedies {
  readonly #needed = new Set<string>();
  #hasUnlistedPack = false;

  add(problem: CheckProblem): void {
    if (problem.kind === 'pack-unreferenced') this.#hasUnlistedPack = true;
    if (isNote(problem)) return;
    for (const remedy of remediesFor(problem)) this.#needed.add(remedy);
  }

  /**
   * In the order in which they are to be typed: only with the right index it is certain what
   * snapshots lack. What they seem to lack may lie in a pack that no index lists.
   */
  list(): string[] {
    const needed = new Set(this.#needed);
    if (needed.has(REPAIR_SNAPSHOTS) && this.#hasUnlistedPack) needed.add(REPAIR_INDEX);
    if (needed.has(REPAIR_PACKS)) needed.delete(REPAIR_INDEX);
    return ALL.filter((command) => needed.has(command));
  }
}

function remediesFor({ kind }: CheckProblem): readonly string[] {
  switch (kind) {
    case 'index-damaged':
    case 'pack-missing':
    case 'pack-size':
    case 'pack-indexed-twice':
      return [REPAIR_INDEX];
    case 'pack-damaged':
      return [REPAIR_PACKS];
    case 'tree-damaged':
    case 'content-missing':
    case 'content-unlisted':
    case 'snapshot-hurt':
      return [BACKUP, REPAIR_SNAPSHOTS];
    case 'snapshot-damaged':
      return [REPAIR_SNAPSHOTS];
    case 'key-damaged':
    case 'size-mismatch':
    case 'pack-unreferenced':
    case 'pack-mixed':
    case 'lock-damaged':
      return [];
  }
}
