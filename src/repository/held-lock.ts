/** A lock of ours: refreshed while it is held, and known to be lost when that failed too long. */
import type { CallOptions } from '../backend/backend.ts';
import type { Clock, Random } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { encodeLockFile, type LockFile } from '../format/lock-file.ts';
import { describeAge, type ProcessFacts } from './lock-holder.ts';
import { removeLock, type LockStore } from './stored-locks.ts';

const REFRESH_EVERY_MS = 5 * 60_000;
/** After this long without a refresh nothing is written any more (design §3.6). */
const LOST_AFTER_MS = 20 * 60_000;

export interface LockDependencies extends LockStore {
  readonly clock: Clock;
  readonly random: Random;
  readonly self: ProcessFacts;
}

/** Disposing removes the lock's file; `assertFresh` stands before every write. */
export class HeldLock implements AsyncDisposable {
  readonly #dependencies: LockDependencies;
  readonly #exclusive: boolean;
  readonly #stop = new AbortController();
  /** Files of ours in the store, the newest last: more than one if an old one would not go. */
  readonly #names: string[];
  #writtenAtMs = 0;
  #writtenAt = new Date(0);
  #refreshing: Promise<void>;

  private constructor(dependencies: LockDependencies, exclusive: boolean, name: string) {
    this.#dependencies = dependencies;
    this.#exclusive = exclusive;
    this.#names = [name];
    this.#noteWritten();
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

  isOwn(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Throws `REPOSITORY_LOCK_LOST` when others may rightly believe this process dead. */
  assertFresh(): void {
    const ageMs = this.#ageMs();
    if (ageMs <= LOST_AFTER_MS) return;
    const now = this.#dependencies.clock.now();
    const ageText = describeAge(new Date(now.getTime() - ageMs).toISOString(), now);
    throw new KeepsakeError('REPOSITORY_LOCK_LOST', { ageText });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#refreshing;
    for (const name of this.#names.splice(0)) {
      await removeLock(this.#dependencies.backend, name);
    }
  }

  /** The monotonic clock stands still while a machine sleeps, the wall clock may be set back. */
  #ageMs(): number {
    const { clock } = this.#dependencies;
    return Math.max(
      clock.monotonicMs() - this.#writtenAtMs,
      clock.now().getTime() - this.#writtenAt.getTime(),
    );
  }

  async #keepFresh(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#dependencies.clock.sleep(REFRESH_EVERY_MS, { signal });
        // A lock once lost stays lost: meanwhile others may have removed it and changed what this
        // process has read. A machine that wakes from sleep comes here.
        if (this.#ageMs() > LOST_AFTER_MS) return;
        await this.#refresh();
      } catch {
        // Stopped, or the store did not answer: assertFresh tells when that has lasted too long.
      }
    }
  }

  async #refresh(): Promise<void> {
    this.#names.push(await writeLock(this.#dependencies, this.#exclusive, {}));
    this.#noteWritten();
    while (this.#names.length > 1) {
      await removeLock(this.#dependencies.backend, this.#names[0] ?? '');
      this.#names.shift();
    }
  }

  #noteWritten(): void {
    this.#writtenAtMs = this.#dependencies.clock.monotonicMs();
    this.#writtenAt = this.#dependencies.clock.now();
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
