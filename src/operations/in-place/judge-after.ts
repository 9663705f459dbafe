/** Whether the databases are sound after commands had their way, and what of their rows is missing. */
import type { FileLayer } from '../../backend/file-layer.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { captureImage } from '../../sqlite/capture.ts';
import type { DatabaseFacts } from '../../sqlite/database-facts.ts';
import { Gate } from '../../sqlite/gate.ts';
import { judgeDatabase } from '../judge-database.ts';
import { withScratchFolder } from '../scratch-folder.ts';
import type { Workbench } from '../workbench.ts';
import { kindOf } from './change-files.ts';
import { holdsFile } from './end-change.ts';
import { realPath } from './swap-roots.ts';

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

export interface DatabaseVerdict {
  /** Absent where it could not be read. */
  readonly facts: DatabaseFacts | undefined;
  /** What is wrong with it. */
  readonly differences: readonly string[];
}

/** As `judgeDatabaseAt`. */
export type DatabaseJudge = (path: string, options: Abortable) => Promise<DatabaseVerdict>;

/** By path. Throws `GUARD_DATABASE_BAD`. */
export async function judgeAfter(
  judge: DatabaseJudge,
  paths: readonly string[],
  { signal }: Abortable,
): Promise<ReadonlyMap<string, DatabaseFacts>> {
  const found = new Map<string, DatabaseFacts>();
  const problems: string[] = [];
  for (const path of paths) {
    const { facts, differences } = await judge(path, { signal });
    if (facts !== undefined) found.set(path, facts);
    problems.push(...differences);
  }
  if (problems.length > 0) throw new KeepsakeError('GUARD_DATABASE_BAD', { problems });
  return found;
}

/** Of a copy of it: what lies beside it is not touched. */
export async function judgeDatabaseAt(
  workbench: Workbench,
  path: string,
  { signal }: Abortable,
): Promise<DatabaseVerdict> {
  const { clock } = workbench;
  await using gate = new Gate();
  await using scratch = await withScratchFolder(workbench);
  try {
    const options = { path, scratchFolder: scratch.path, configured: true, clock, gate, signal };
    await using image = await captureImage(options);
    const database = { path, at: image.imagePath, expected: undefined };
    const { judgements, facts } = await judgeDatabase(database, { gate, signal });
    const differences = judgements.flatMap(({ item, differences: all }) =>
      all.map(({ what, actual }) => `${item}: ${what}: ${actual}`),
    );
    return { facts, differences };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isKeepsakeError(error)) throw error;
    return { facts: undefined, differences: [describeCause(error)] };
  }
}

/** What a person should look at, although the app is well. `copies`: of the old databases, by path. */
export async function findLosses(
  judge: DatabaseJudge,
  after: ReadonlyMap<string, DatabaseFacts>,
  { copyOf, signal }: Abortable & { readonly copyOf: (path: string) => string },
): Promise<string[]> {
  const losses: string[] = [];
  for (const [path, now] of after) {
    const { facts: before } = await judge(copyOf(path), { signal });
    if (before === undefined) continue; // the restore point told that
    losses.push(...[...compare(before, now)].map((loss) => `${path}: ${loss}`));
  }
  return losses;
}

/** Paths that held files before and hold none now. */
export async function findEmptied(
  files: FileLayer,
  paths: readonly string[],
  copyOf: (path: string) => string,
): Promise<string[]> {
  const emptied: string[] = [];
  for (const path of paths) {
    const at = realPath(path);
    if ((await holdsFile(files, at)) || !(await holdsFile(files, copyOf(at)))) continue;
    const isGone = (await kindOf(files, at)) === undefined;
    emptied.push(`${path}: ${isGone ? 'it is gone' : 'no file is left in it'}`);
  }
  return emptied;
}

type Compared = Pick<DatabaseFacts, 'tables' | 'foreignKeyViolations'>;

function* compare(before: Compared, now: Compared): Generator<string> {
  const rows = new Map(now.tables.map(({ name, rowCount }) => [name, rowCount]));
  for (const { name, rowCount } of before.tables) {
    const left = rows.get(name);
    if (rowCount === null || rowCount === 0) continue;
    if (left === undefined) yield `table ${name} with ${rowCount} rows is gone`;
    else if (left !== null && left < rowCount) yield `${name} has ${left} rows, had ${rowCount}`;
  }
  const [had, has] = [before.foreignKeyViolations, now.foreignKeyViolations];
  if (has > had) yield `${has} rows point nowhere (broken foreign keys), before ${had}`;
}
