/** `unlock`: removes locks whose holders are gone; takes no lock itself. */
import {
  executeUnlock,
  planUnlock,
  type JudgedLock,
  type UnlockPlan,
} from '../repository/stored-locks.ts';
import { describeAge, describeHolder } from '../repository/lock-holder.ts';
import { openSession } from './open-session.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

export interface UnlockInput {
  readonly repository: RepositoryChoice;
  /** Also locks that are in use, and those that cannot be read. */
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A lock in words. */
export interface DescribedLock extends JudgedLock {
  readonly holder: string;
  readonly age: string;
}

export interface UnlockResult {
  readonly removed: readonly DescribedLock[];
  readonly kept: readonly DescribedLock[];
}

export async function unlock(workbench: Workbench, input: UnlockInput): Promise<UnlockResult> {
  const { all, dryRun, signal } = input;
  const lock = dryRun ? 'none' : 'bypass';
  const options = { lock, lockWaitMs: 0, signal } as const;
  await using session = await openSession(workbench, input.repository, options);
  const dependencies = session.repository.lockDependencies;
  const plan: UnlockPlan = await planUnlock(dependencies, { all, signal });
  if (!dryRun) await executeUnlock(dependencies, plan);
  const now = workbench.clock.now();
  const describe = (stored: JudgedLock): DescribedLock => {
    const { lock } = stored;
    if (lock === undefined) return { ...stored, holder: 'unknown', age: 'unknown' };
    return { ...stored, holder: describeHolder(lock), age: describeAge(lock.time, now) };
  };
  return { removed: plan.remove.map(describe), kept: plan.keep.map(describe) };
}
