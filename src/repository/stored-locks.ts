/** The lock files of a repository: what stands there, and which of them `unlock` may remove. */
import type { Backend, CallOptions } from '../backend/backend.ts';
import type { Clock } from '../base/clock.ts';
import { describeCause, isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeLockFile, type LockFile } from '../format/lock-file.ts';
import { isOld, type ProcessFacts } from './lock-holder.ts';
import { decodeNamed, type SealedFiles } from './sealed-files.ts';

export interface LockStore {
  readonly backend: Backend;
  readonly files: SealedFiles;
}

export interface StoredLock {
  readonly name: string;
  /** Absent when the file cannot be read. */
  readonly lock?: LockFile;
  readonly problem?: string;
}

/** Every lock in the repository; one that vanished meanwhile is left out. */
export async function* listLocks(
  { backend, files }: LockStore,
  options: CallOptions = {},
): AsyncIterable<StoredLock> {
  for await (const { name } of backend.list('lock', options)) {
    const handle = { kind: 'lock', name } as const;
    try {
      const bytes = await files.load('lock', name, options);
      yield { name, lock: decodeNamed(handle, bytes, decodeLockFile) };
    } catch (error) {
      if (isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND')) continue;
      if (!isKeepsakeError(error, 'REPOSITORY_FILE_DAMAGED')) throw error;
      yield { name, problem: describeCause(error) };
    }
  }
}

/** Why a lock goes or stays. */
export type UnlockReason = 'old' | 'dead' | 'asked' | 'in-use' | 'unreadable';

export interface JudgedLock extends StoredLock {
  readonly reason: UnlockReason;
}

export interface UnlockPlan {
  readonly remove: readonly JudgedLock[];
  readonly keep: readonly JudgedLock[];
}

/** Locks `unlock` may remove: of dead processes and older than 30 minutes; or all of them. */
export async function planUnlock(
  dependencies: LockStore & { readonly clock: Clock; readonly self: ProcessFacts },
  { all, signal }: { all: boolean; signal?: AbortSignal | undefined },
): Promise<UnlockPlan> {
  const now = dependencies.clock.now();
  const remove: JudgedLock[] = [];
  const keep: JudgedLock[] = [];
  for await (const stored of listLocks(dependencies, { signal })) {
    const reason = judge(stored.lock, dependencies.self, now);
    if (reason === 'old' || reason === 'dead') remove.push({ ...stored, reason });
    else if (all) remove.push({ ...stored, reason: 'asked' });
    else keep.push({ ...stored, reason });
  }
  return { remove, keep };
}

function judge(lock: LockFile | undefined, self: ProcessFacts, now: Date): UnlockReason {
  if (lock === undefined) return 'unreadable';
  if (isOld(lock, now)) return 'old';
  return isDeadOnThisHost(lock, self) ? 'dead' : 'in-use';
}

/** A person asked for `unlock`: then a dead process of this host is enough, as it is for restic. */
function isDeadOnThisHost(lock: LockFile, self: ProcessFacts): boolean {
  const foreign = lock.pidNamespace !== undefined && lock.pidNamespace !== self.pidNamespace;
  return lock.hostname === self.hostname && !foreign && !self.isAlive(lock.pid);
}

export async function executeUnlock(
  { backend }: Pick<LockStore, 'backend'>,
  plan: UnlockPlan,
): Promise<void> {
  for (const { name } of plan.remove) await removeLock(backend, name);
}

/** That somebody else removed it first is just what was wanted. */
export async function removeLock(backend: Backend, name: string): Promise<void> {
  try {
    await backend.remove({ kind: 'lock', name });
  } catch (error) {
    if (!isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND')) throw error;
  }
}
