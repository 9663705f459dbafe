/** Keeps the present state of the app in the repository before it is changed. */
import { describeCause } from '../../base/errors/keepsake-error.ts';
import type { BackupInput, BackupResult } from '../backup-input.ts';
import { backup } from '../backup.ts';
import type { Workbench } from '../workbench.ts';
import type { ChangePart, RestorePoint } from './change-journal.ts';
import { damagedDatabases } from './salvage.ts';

export const RESTORE_POINT_TAG = 'restore-point';

export interface RestorePointJob {
  /** How the app is backed up. */
  readonly backup: BackupInput;
  readonly part: ChangePart;
  /** Nothing may be missing in it or damaged: what it was made of is removed for it. */
  readonly isFinal?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The app goes on meanwhile. What cannot be captured (a corrupt or absent database, a repository
 * that cannot be reached or is full) does not block: then the old files, kept aside as they are, are
 * the restore point. Throws only when aborted.
 */
export async function makeRestorePoint(
  workbench: Workbench,
  { backup: input, part, isFinal = false, signal }: RestorePointJob,
): Promise<RestorePoint> {
  const { subject } = input;
  const isPart = part === 'database' && subject.databases.length > 0;
  const wanted: BackupInput = {
    ...input,
    tags: [...input.tags, RESTORE_POINT_TAG],
    only: isPart ? 'database' : undefined,
    dryRun: false,
    wantItems: false,
    signal,
  };
  try {
    const result = await run(workbench, wanted);
    const { snapshotId: id, outcome, problems } = result;
    const found = damagedDatabases(result);
    const damaged = found.length === 0 ? {} : { damaged: found };
    const isEnough = outcome !== 'failed' && !(isFinal && outcome === 'partial');
    if (isEnough && id !== undefined) return { kind: 'snapshot', id, ...damaged };
    const problem = problems.find(({ kind }) => kind === 'database') ?? problems[0];
    const gap = id === undefined ? 'no snapshot was stored' : `snapshot ${id.slice(0, 8)} has gaps`;
    const [first] = found;
    const defect = first === undefined ? gap : `${first} is damaged`;
    return { kind: 'aside', why: describeCause(problem?.error ?? defect), ...damaged };
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'aside', why: describeCause(error) };
  }
}

async function run(workbench: Workbench, input: BackupInput): Promise<BackupResult> {
  const events = backup(workbench, input);
  for (;;) {
    const next = await events.next();
    if (next.done === true) return next.value;
  }
}
