/**
 * Makes the restored state complete beside the old one, on the same file systems, and proves it
 * there: hashes, SQLite's checks, the manifest. Nothing of the app is touched.
 */
import { dirname, join } from 'node:path';
import type { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { KeepsakeError as ChangeError } from '../../base/errors/keepsake-error.ts';
import { FolderTotals } from '../../snapshot/folder-totals.ts';
import type { Selection } from '../../snapshot/include-filter.ts';
import type { Manifest } from '../../snapshot/manifest.ts';
import { restoreSnapshot } from '../../snapshot/restore.ts';
import { verifyFiles } from '../../snapshot/verify-files.ts';
import { hasDatabaseMagic } from '../../source/sqlite-files.ts';
import { Gate } from '../../sqlite/gate.ts';
import { judgeDatabase } from '../judge-database.ts';
import type { OpenSnapshot } from '../open-snapshot.ts';
import type { Workbench } from '../workbench.ts';
import { removeTree } from './change-files.ts';
import type { ChangePlace } from './change-journal.ts';
import type { SwapRoot } from './swap-units.ts';

export interface StageJob {
  readonly open: OpenSnapshot;
  readonly manifest: Manifest | undefined;
  readonly roots: readonly SwapRoot[];
  readonly onProgress: (phase: 'restoring' | 'comparing', doneBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Staged {
  readonly fileCount: number;
  readonly sizeBytes: number;
}

/** Is durable only after a sync of each place. Throws `CHANGE_STAGED_WRONG`. */
export async function stageSnapshot(workbench: Workbench, job: StageJob): Promise<Staged> {
  const staged = new StagedFiles(job);
  const places = new Set(job.roots.map(({ place }) => place));
  for (const path of places) await restoreTo(workbench, { path }, job);
  for (const path of places) await compareIn({ path }, staged, job);
  const problems = [...staged.countProblems(), ...(await judgeDatabases(staged, job))];
  if (problems.length > 0) throw new ChangeError('CHANGE_STAGED_WRONG', { problems });
  return staged;
}

/** Copies of what the repository holds: they may go. */
export async function discardStaged(places: readonly ChangePlace[]): Promise<void> {
  for (const { path } of places) {
    await removeTree(join(path, 'new'));
  }
}

/** Which paths of a snapshot wait in one place. */
export function selectIn(place: ChangePlace, roots: readonly SwapRoot[]) {
  const byPath = new Map(roots.map((root) => [root.path, root]));
  const onTheWay = new Set<string>();
  for (const root of roots) {
    if (root.place !== place.path) continue;
    for (let at = dirname(root.path); !onTheWay.has(at); at = dirname(at)) onTheWay.add(at);
  }
  return (path: string): Selection => {
    const selected = innermost(byPath, path)?.place === place.path;
    return { selected, descend: selected || onTheWay.has(path) };
  };
}

/** Another file system may be mounted in a root: that is a root, too. */
function innermost(byPath: ReadonlyMap<string, SwapRoot>, path: string): SwapRoot | undefined {
  for (let at = path; ; at = dirname(at)) {
    const root = byPath.get(at);
    if (root !== undefined || at === '/') return root;
  }
}

async function restoreTo(
  { clock, random }: Workbench,
  place: ChangePlace,
  { open, roots, onProgress, signal }: StageJob,
): Promise<void> {
  const events = restoreSnapshot({
    reader: open.repository,
    treeId: open.treeId,
    target: join(place.path, 'new'),
    filter: selectIn(place, roots),
    clock,
    random,
    signal,
  });
  let failure: unknown;
  for await (const event of events) {
    if (event.kind === 'progress') onProgress('restoring', event.totals.bytesRestored);
    if (event.kind === 'error') failure ??= event.error;
  }
  if (failure !== undefined) throw failure;
}

/** What was read back and is right. */
class StagedFiles implements Staged {
  fileCount = 0;
  sizeBytes = 0;
  readonly databases: { path: string; at: string }[] = [];
  readonly #manifest: Manifest | undefined;
  readonly #byPath: ReadonlyMap<string, SwapRoot>;
  readonly #totals: FolderTotals;
  readonly #known: ReadonlySet<string>;

  constructor({ manifest, roots }: StageJob) {
    this.#manifest = manifest;
    this.#byPath = new Map(roots.map((root) => [root.path, root]));
    this.#totals = new FolderTotals((manifest?.files ?? []).map(({ path }) => path));
    this.#known = new Set(manifest?.databases.map(({ path }) => path));
  }

  note(path: string, sizeBytes: number): void {
    this.fileCount += 1;
    this.sizeBytes += sizeBytes;
    if (!this.#known.has(path)) this.#totals.note(path, sizeBytes);
    const at = this.#placeOf(path);
    const isDatabase = this.#manifest === undefined ? hasDatabaseMagic(at) : this.#known.has(path);
    if (isDatabase) this.databases.push({ path, at });
  }

  #placeOf(path: string): string {
    const root = innermost(this.#byPath, path);
    return `${root?.fresh ?? ''}${path.slice(root?.path.length ?? 0)}`;
  }

  /** Of the folders that were restored as a whole: a root, or what lies in one. */
  *countProblems(): Generator<string> {
    const found = new Map(this.#totals.totals().map((folder) => [folder.path, folder]));
    for (const { path, fileCount, sizeBytes } of this.#manifest?.files ?? []) {
      const actual = found.get(path);
      if (innermost(this.#byPath, path) === undefined || actual === undefined) continue;
      if (actual.fileCount === fileCount && actual.sizeBytes === sizeBytes) continue;
      yield `${path}: expected ${fileCount} files of ${sizeBytes} bytes, found ${actual.fileCount} of ${actual.sizeBytes}`;
    }
  }
}

async function compareIn(place: ChangePlace, staged: StagedFiles, job: StageJob): Promise<void> {
  const { open, roots, onProgress, signal } = job;
  const selection = selectIn(place, roots);
  const problems: KeepsakeError[] = [];
  const events = verifyFiles({
    reader: open.repository,
    treeId: open.treeId,
    target: join(place.path, 'new'),
    select: (path) => selection(path).selected,
    signal,
  });
  for await (const event of events) {
    if (event.kind === 'different') problems.push(event.error);
    else if (event.kind === 'equal') {
      staged.note(event.path, event.sizeBytes);
      onProgress('comparing', staged.sizeBytes);
    }
  }
  if (problems.length === 0) return;
  const told = problems.slice(0, 10).map(({ message }) => message);
  throw new ChangeError('CHANGE_STAGED_WRONG', { problems: told });
}

async function judgeDatabases(
  { databases }: StagedFiles,
  { manifest, signal }: StageJob,
): Promise<string[]> {
  const problems: string[] = [];
  await using gate = new Gate();
  for (const { path, at } of databases) {
    const expected = manifest?.databases.find((database) => database.path === path);
    const { judgements } = await judgeDatabase({ path, at, expected }, { gate, signal });
    for (const { item, differences } of judgements) {
      for (const { what, expected: wanted, actual } of differences) {
        const compared = wanted === undefined ? actual : `expected ${wanted}, found ${actual}`;
        problems.push(`${item}: ${what}: ${compared}`);
      }
    }
  }
  return problems;
}
