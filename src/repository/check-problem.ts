/** What `check` can find. Errors hurt data or hide it; notes only waste space or ask for tidying. */

export type CheckProblem =
  | { kind: 'key-damaged'; name: string; why: string }
  | { kind: 'index-damaged'; name: string; why: string }
  | { kind: 'pack-missing'; pack: string; blobCount: number }
  | { kind: 'pack-size'; pack: string; expectedBytes: number; actualBytes: number }
  | { kind: 'pack-damaged'; pack: string; why: string; blobCount: number }
  | { kind: 'snapshot-damaged'; name: string; why: string }
  | { kind: 'tree-damaged'; tree: string; path: string; why: string }
  | { kind: 'content-missing'; path: string; blobs: string[] }
  | { kind: 'content-unlisted'; path: string }
  | { kind: 'size-mismatch'; path: string; expectedBytes: number; actualBytes: number }
  | { kind: 'snapshot-hurt'; snapshot: string; time: string; paths: string[]; pathCount: number }
  | { kind: 'pack-unreferenced'; pack: string; sizeBytes: number }
  | { kind: 'pack-indexed-twice'; pack: string; differs: boolean }
  | { kind: 'pack-mixed'; pack: string }
  | { kind: 'lock-damaged'; name: string; why: string };

const NOTES: ReadonlySet<CheckProblem['kind']> = new Set([
  // Old writers noted the size before they read the file; restic does not even look (its issue 1887).
  'size-mismatch',
  'pack-unreferenced',
  'pack-mixed',
  'lock-damaged',
]);

export function isNote(problem: CheckProblem): boolean {
  if (problem.kind === 'pack-indexed-twice') return !problem.differs;
  return NOTES.has(problem.kind);
}

/** One line for people. */
export function describeProblem(problem: CheckProblem): string {
  switch (problem.kind) {
    case 'key-damaged':
      return `key file ${problem.name} is damaged: ${problem.why}. Its password opens nothing; other keys are not affected`;
    case 'index-damaged':
      return `index file ${problem.name} is damaged: ${problem.why}`;
    case 'pack-missing':
      return `pack ${problem.pack} is missing, with ${pieces(problem.blobCount)}`;
    case 'pack-size':
      return `pack ${problem.pack} has ${problem.actualBytes} bytes instead of ${problem.expectedBytes}`;
    case 'pack-damaged':
      return `pack ${problem.pack} is damaged (${pieces(problem.blobCount)} lost): ${problem.why}`;
    case 'snapshot-damaged':
      return `snapshot file ${problem.name} is damaged: ${problem.why}. That snapshot cannot be restored; others are not affected`;
    case 'tree-damaged':
      return `folder ${problem.path}${problem.tree === '' ? '' : ` (tree ${problem.tree})`} cannot be read: ${problem.why}`;
    case 'content-missing':
      return `file ${problem.path} lacks ${pieces(problem.blobs.length)} (${problem.blobs[0]?.slice(0, 8)}…)`;
    case 'content-unlisted':
      return `file ${problem.path} does not say which pieces it is made of`;
    case 'size-mismatch':
      return `file ${problem.path} says ${problem.expectedBytes} bytes, its pieces have ${problem.actualBytes}: these are restored, as restic does`;
    case 'snapshot-hurt':
      return `snapshot ${problem.snapshot.slice(0, 8)} of ${problem.time.slice(0, 19)} is hurt in ${problem.pathCount} ${problem.pathCount === 1 ? 'place' : 'places'}: ${problem.paths.join(', ')}${problem.pathCount > problem.paths.length ? ', …' : ''}`;
    case 'pack-unreferenced':
      return `pack ${problem.pack} is in no index, as runs that were cut off and repairs leave them; by itself harmless`;
    case 'pack-indexed-twice':
      return `pack ${problem.pack} is in several index files${problem.differs ? ', which disagree' : ''}`;
    case 'pack-mixed':
      return `pack ${problem.pack} mixes trees and data, as very old restic wrote them`;
    case 'lock-damaged':
      return `lock file ${problem.name} is damaged: ${problem.why}`;
  }
}

function pieces(count: number): string {
  return `${count} ${count === 1 ? 'piece' : 'pieces'}`;
}
