/**
 * The repository's locks, as restic keeps them: files in `locks/`, many shared ones or a single
 * exclusive one, written first and looked at again after a moment, refreshed every five minutes.
 * Source: restic doc/design.rst § Locks, internal/repository/lock_file.go.
 */
import type { Backend, CallOptions } from '../backend/backend.ts';
import type { Clock } from '../base/clock.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeLockFile, encodeLockFile, type LockFile } from '../format/lock-file.ts';
import {
  describeAge,
  describeHolder,
  isCertainlyDead,
  isOld,
  type ProcessFacts,
} from './lock-holder.ts';
import { decodeNamed, type SealedFiles } from './sealed-files.ts';

const REFRESH_EVERY_MS = 5 * 60_000;
/** After this long without a refresh nothing is written any more (design §3.6). */
const LOST_AFTER_MS = 20 * 60_000;
const SETTLE_MS = 200;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export interface LockDependencies {
  readonly backend: Backend;
  readonly files: SealedFiles;
  readonly clock: Clock;
  readonly self: ProcessFacts;
}

export interface LockOptions {
  readonly exclusive: boolean;
  /** How long to wait for others; 0 gives up at once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told once, when waiting begins. */
  readonly onWait?: ((error: KeepsakeError) => void) | undefined;
}

export interface StoredLock {
  readonly name: string;
  /** Absent when the file cannot be read. */
  readonly lock?: LockFile;
  readonly problem?: string;
}

/** Takes a lock, waiting for others if need be. Throws `REPOSITORY_LOCKED` naming the holder. */
export async function acquireLock(
  dependencies: LockDependencies,
  { exclusive, waitMs, signal, onWait }: LockOptions,
): Promise<HeldLock> {
  const { clock } = dependencies;
  const giveUpAt = clock.monotonicMs() + waitMs;
  let pauseMs = FIRST_WAIT_MS;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await tryLock(dependencies, exclusive, { signal });
    } catch (error) {
      if (!isKeepsakeError(error, 'REPOSITORY_LOCKED') || clock.monotonicMs() >= giveUpAt) {
        throw error;
      }
      if (attempt === 0) onWait?.(error);
      await clock.sleep(Math.min(pauseMs, giveUpAt - clock.monotonicMs()), { signal });
      pauseMs = Math.min(pauseMs * 2, LONGEST_WAIT_MS);
    }
  }
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
    await dependencies.clock.sleep(SETTLE_MS, options);
    await refuseConflict(dependencies, exclusive, held.name, options);
    return held;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

async function refuseConflict(
  dependencies: LockDependencies,
  exclusive: boolean,
  ownName: string | undefined,
  options: CallOptions,
): Promise<void> {
  const { backend, clock, self } = dependencies;
  for await (const { name, lock, problem } of listLocks(dependencies, options)) {
    if (name === ownName) continue;
    if (lock === undefined) {
      throw new KeepsakeError('REPOSITORY_LOCK_UNREADABLE', { lock: name, why: problem ?? '' });
    }
    if (isCertainlyDead(lock, self)) {
      await removeQuietly(backend, name);
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

/** Every lock in the repository; one that vanished meanwhile is left out. */
export async function* listLocks(
  { backend, files }: Pick<LockDependencies, 'backend' | 'files'>,
  options: CallOptions = {},
): AsyncIterable<StoredLock> {
  for await (const { name } of backend.list('lock', options)) {
    const handle = { kind: 'lock', name } as const;
    try {
      yield { name, lock: decodeNamed(handle, await files.load('lock', name), decodeLockFile) };
    } catch (error) {
      if (isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND')) continue;
      if (!isKeepsakeError(error, 'REPOSITORY_FILE_DAMAGED')) throw error;
      yield { name, problem: describeCause(error) };
    }
  }
}

/** Locks `unlock` may remove: of dead processes and older than 30 minutes; or all of them. */
export async function planUnlock(
  dependencies: LockDependencies,
  { all }: { all: boolean },
): Promise<{ remove: StoredLock[]; keep: StoredLock[] }> {
  const now = dependencies.clock.now();
  const plan: { remove: StoredLock[]; keep: StoredLock[] } = { remove: [], keep: [] };
  for await (const stored of listLocks(dependencies)) {
    const { lock } = stored;
    const stale =
      lock !== undefined && (isOld(lock, now) || isDeadOnThisHost(lock, dependencies.self));
    (all || stale ? plan.remove : plan.keep).push(stored);
  }
  return plan;
}

/** A person asked for `unlock`: then a dead process of this host is enough, as it is for restic. */
function isDeadOnThisHost(lock: LockFile, self: ProcessFacts): boolean {
  const foreign = lock.pidNamespace !== undefined && lock.pidNamespace !== self.pidNamespace;
  return lock.hostname === self.hostname && !foreign && !self.isAlive(lock.pid);
}

export async function executeUnlock(
  { backend }: Pick<LockDependencies, 'backend'>,
  plan: { remove: readonly StoredLock[] },
): Promise<void> {
  for (const { name } of plan.remove) await removeQuietly(backend, name);
}

async function removeQuietly(backend: Backend, name: string): Promise<void> {
  try {
    await backend.remove({ kind: 'lock', name });
  } catch (error) {
    // Somebody else removed it first: just what was wanted.
    if (!isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND')) throw error;
  }
}

/** A lock of ours. Disposing removes its file; `assertFresh` stands before every write. */
export class HeldLock implements AsyncDisposable {
  readonly #dependencies: LockDependencies;
  readonly #exclusive: boolean;
  readonly #stop = new AbortController();
  #name: string;
  #writtenAtMs: number;
  #writtenAt: Date;
  #refreshing: Promise<void>;

  private constructor(dependencies: LockDependencies, exclusive: boolean, name: string) {
    this.#dependencies = dependencies;
    this.#exclusive = exclusive;
    this.#name = name;
    this.#writtenAtMs = dependencies.clock.monotonicMs();
    this.#writtenAt = dependencies.clock.now();
    this.#refreshing = this.#keepFresh();
  }

  static async write(
    dependencies: LockDependencies,
    exclusive: boolean,
    options: CallOptions,
  ): Promise<HeldLock> {
    const name = await writeLock(dependencies, exclusive, options);
    return new HeldLock(dependencies, exclusive, name);
  }

  get name(): string {
    return this.#name;
  }

  /** Throws `REPOSITORY_LOCK_LOST` when others may rightly believe this process dead. */
  assertFresh(): void {
    const { clock } = this.#dependencies;
    const now = clock.now();
    // The monotonic clock stands still while a machine sleeps, the wall clock may be set back.
    const ageMs = Math.max(
      clock.monotonicMs() - this.#writtenAtMs,
      now.getTime() - this.#writtenAt.getTime(),
    );
    if (ageMs <= LOST_AFTER_MS) return;
    const ageText = describeAge(new Date(now.getTime() - ageMs).toISOString(), now);
    throw new KeepsakeError('REPOSITORY_LOCK_LOST', { ageText });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#refreshing;
    await removeQuietly(this.#dependencies.backend, this.#name);
  }

  async #keepFresh(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#dependencies.clock.sleep(REFRESH_EVERY_MS, { signal });
        await this.#refresh();
      } catch {
        // Stopped, or the store did not answer: assertFresh tells when that has lasted too long.
      }
    }
  }

  async #refresh(): Promise<void> {
    const next = await writeLock(this.#dependencies, this.#exclusive, {});
    const previous = this.#name;
    this.#name = next;
    this.#writtenAtMs = this.#dependencies.clock.monotonicMs();
    this.#writtenAt = this.#dependencies.clock.now();
    await removeQuietly(this.#dependencies.backend, previous);
  }
}

function writeLock(
  { files, clock, self }: LockDependencies,
  exclusive: boolean,
  options: CallOptions,
): Promise<string> {
  const lock: LockFile = {
    time: clock.now().toISOString(),
    exclusive,
    hostname: self.hostname,
    username: self.username,
    pid: self.pid,
    uid: self.uid,
    gid: self.gid,
    ...(self.pidNamespace === undefined ? {} : { pidNamespace: self.pidNamespace }),
  };
  return files.save('lock', encodeLockFile(lock), options);
}
