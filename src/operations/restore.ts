/** `restore --target`: copies a snapshot, or a part of it, out to a folder. */
import { joinPath } from '../base/raw-path.ts';
import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import { MANIFEST_PATH } from '../snapshot/manifest.ts';
import { restoreSnapshot } from '../snapshot/restore.ts';
import type { RestoreEvent, RestoreTotals } from '../snapshot/restore-options.ts';
import { openSnapshot, type OpenSnapshot } from './open-snapshot.ts';
import type { RestoreInput, RestoreNews, RestoreOutcome, RestoreResult } from './restore-input.ts';
import { assertNoSidecars, findSidecar, plannedDatabases } from './restored-databases.ts';
import type { Workbench } from './workbench.ts';

/**
 * Removes nothing that is in the target. Throws what `restoreSnapshot` throws, and
 * `RESTORE_OVER_DATABASE` before anything is written.
 */
export async function* restore(
  workbench: Workbench,
  input: RestoreInput,
): AsyncGenerator<RestoreNews, RestoreResult> {
  const startedMs = workbench.clock.monotonicMs();
  await using open = await openSnapshot(workbench, input, { readsData: true });
  const { target, dryRun } = input;
  const errors: KeepsakeError[] = [];
  const manifestDamage: KeepsakeError[] = [];
  const databases = await plannedDatabases(open, input, (error) => manifestDamage.push(error));
  for (const database of databases) await assertNoSidecars(database, input);
  yield beginning(open, input);
  for (const error of manifestDamage) {
    const message = `${error.message}: which files are databases is not known`;
    yield { kind: 'warning', path: MANIFEST_PATH, about: 'manifest', message };
  }
  const totals = yield* copyOut(workbench, { open, input, errors });
  const failed = new Set(errors.map(({ details }) => (details as { path?: string }).path));
  return {
    outcome: judge(errors),
    stored: { id: open.id, snapshot: open.snapshot },
    target,
    totals,
    databases: databases.filter(({ path }) => !failed.has(path)),
    dryRun,
    verified: input.verify && !dryRun,
    durationMs: workbench.clock.monotonicMs() - startedMs,
  };
}

interface CopyJob {
  readonly open: OpenSnapshot;
  readonly input: RestoreInput;
  /** Collects what went wrong with single items. */
  readonly errors: KeepsakeError[];
}

async function* copyOut(
  { clock, random }: Workbench,
  { open, input, errors }: CopyJob,
): AsyncGenerator<RestoreNews, RestoreTotals> {
  const { repository: reader, treeId } = open;
  const { filter: _snapshots, ...files } = input;
  const events = restoreSnapshot({ ...files, reader, treeId, clock, random });
  let totals: RestoreTotals | undefined;
  for await (const event of events) {
    if (event.kind === 'summary') {
      totals = event.totals;
      continue;
    }
    if (event.kind === 'error') errors.push(event.error);
    yield event;
    const warning = await sidecarWarning(event, input);
    if (warning !== undefined) yield warning;
  }
  if (totals === undefined) throw new Error('the restore ended without its totals');
  return totals;
}

function beginning({ id, snapshot, subfolder }: OpenSnapshot, input: RestoreInput): RestoreNews {
  const { include, exclude, target } = input;
  const { summary, paths } = snapshot;
  const isWhole = subfolder === '/' && include.length === 0 && exclude.length === 0;
  return {
    kind: 'begin',
    stored: { id, snapshot },
    subfolder,
    target,
    insideOf: paths.find((path) => target === path || target.startsWith(`${path}/`)),
    expected:
      isWhole && summary !== undefined
        ? { fileCount: summary.totalFilesProcessed, sizeBytes: summary.totalBytesProcessed }
        : undefined,
  };
}

/** A database that no manifest names may have been replaced, with its old `-wal` still there. */
async function sidecarWarning(
  event: RestoreEvent,
  { target }: RestoreInput,
): Promise<RestoreNews | undefined> {
  if (event.kind !== 'item' || event.type !== 'file' || event.action !== 'updated')
    return undefined;
  const { path } = event;
  const sidecar = await findSidecar(joinPath(target, path.slice(1)));
  if (sidecar === undefined) return undefined;
  const message = `${sidecar} lies beside it: unless it is from the same snapshot, move it away before the database is opened, or SQLite replays it over what was restored`;
  return { kind: 'warning', path, about: 'neighbour', message };
}

function judge(errors: readonly KeepsakeError[]): RestoreOutcome {
  if (errors.some(({ exitCode }) => exitCode === ExitCode.damage)) return 'damaged';
  if (errors.some(({ exitCode }) => exitCode === ExitCode.verification)) return 'different';
  return errors.length > 0 ? 'partial' : 'ok';
}
