/**
 * The repository's locks, as restic keeps them: files in `locks/`, many shared ones or a single
 * exclusive one, written first and then looked at again, refreshed every five minutes. Whoever
 * writes and then looks sees every lock that was there first; restic's moment between the two is for
 * storage whose listings lag, and where they do not, none is needed.
 * Source: restic doc/design.rst § Locks, internal/repository/lock_file.go.
 */
import type { CallOptions } from '../backend/backend.ts';
import type { Random } from '../base/clock.ts';
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { HeldLock, type LockDependencies } from './held-lock.ts';
import { describeAge, describeHolder, isCertainlyDead } from './lock-holder.ts';
import { listLocks, removeLock } from './stored-locks.ts';

const SETTLE_MS = 200;
/** One look may miss a lock that is being replaced by a fresh one, the next sees the fresh one. */
const LOOKS = 2;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export interface LockOptions {
  readonly exclusive: boolean;
  /** How long to wait for others; 0 gives up at once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told once, when waiting begins. */
  readonly onWait?: ((error: KeepsakeError) => void) | undefined;
}

/** Takes a lock, waiting for others if need be. Throws `REPOSITORY_LOCKED` naming the holder. */
export async function acquireLock(
  dependencies: LockDependencies,
  { exclusive, waitMs, signal, onWait }: LockOptions,
): Promise<HeldLock> {
  const { clock, random } = dependencies;
  const giveUpAt = clock.monotonicMs() + waitMs;
  let pauseMs = FIRST_WAIT_MS;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await tryLock(dependencies, exclusive, { signal });
    } catch (error) {
      const leftMs = giveUpAt - clock.monotonicMs();
      if (!isKeepsakeError(error, 'REPOSITORY_LOCKED') || leftMs <= 0) throw error;
      if (attempt === 0) onWait?.(error);
      await clock.sleep(Math.min(jitter(pauseMs, random), leftMs), { signal });
      pauseMs = Math.min(pauseMs * 2, LONGEST_WAIT_MS);
    }
  }
}

/**
 * Between half and one and a half of it. Two runs that a timer starts in the same second would else
 * find each other's lock, step back and come again together, until both give up.
 */
function jitter(pauseMs: number, random: Random): number {
  const [byte = 0] = random(1);
  return Math.round(pauseMs * (0.5 + byte / 255));
}

async function tryLock(
  dependencies: LockDependencies,
  exclusive: boolean,
  options: CallOptions,
): Promise<HeldLock> {
  await refuseConflict(dependencies, exclusive, undefined, options);
  const held = await HeldLock.write(dependencies, exclusive, options);
  try {
    // Another process may have written its lock between our look and our own write.
    const { backend, clock } = dependencies;
    if ((await backend.listsAtOnce?.()) !== true) await clock.sleep(SETTLE_MS, options);
    for (let look = 0; look < LOOKS; look += 1) {
      await refuseConflict(dependencies, exclusive, held, options);
    }
    return held;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

async function refuseConflict(
  dependencies: LockDependencies,
  exclusive: boolean,
  own: HeldLock | undefined,
  options: CallOptions,
): Promise<void> {
  const { backend, clock, self } = dependencies;
  for await (const { name, lock, problem } of listLocks(dependencies, options)) {
    if (own?.isOwn(name) === true) continue;
    if (lock === undefined) {
      throw new KeepsakeError('REPOSITORY_LOCK_UNREADABLE', { lock: name, why: problem ?? '' });
    }
    if (isCertainlyDead(lock, self)) {
      await removeLock(backend, name);
      continue;
    }
    if (!exclusive && !lock.exclusive) continue;
    throw new KeepsakeError('REPOSITORY_LOCKED', {
      holder: describeHolder(lock),
      ageText: describeAge(lock.time, clock.now()),
      exclusive: lock.exclusive,
      lock: name,
    });
  }
}
