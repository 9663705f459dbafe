/** Processes that lock a repository in memory, by a clock that the test moves on. */
import { FaultyBackend } from './faulty-backend.ts';
import { ManualClock } from './manual-clock.ts';
import { createLabIn, selfFacts } from './repository-lab.ts';
import { createMemBackend } from '../../src/backend/mem-backend.ts';
import { systemRandom } from '../../src/base/clock.ts';
import type { HeldLock, LockDependencies } from '../../src/repository/held-lock.ts';
import { acquireLock, type LockOptions } from '../../src/repository/lock.ts';
import type { ProcessFacts } from '../../src/repository/lock-holder.ts';
import { listLocks } from '../../src/repository/stored-locks.ts';

export async function startLockLab() {
  const clock = new ManualClock();
  const mem = createMemBackend();
  const { open } = await createLabIn({ backend: mem, clock });
  const { files } = await open();
  const backend = new FaultyBackend(mem);
  const { files: faultyFiles } = await open(backend);
  const process = (facts: Partial<ProcessFacts> = {}): LockDependencies => ({
    backend,
    files: faultyFiles,
    clock,
    random: systemRandom,
    self: { ...selfFacts, ...facts },
  });
  const take = (who: LockDependencies, options: Partial<LockOptions> = {}): Promise<HeldLock> =>
    clock.run(acquireLock(who, { exclusive: false, waitMs: 0, ...options }));
  const locks = () => Array.fromAsync(listLocks({ backend: mem, files }));
  const dead = (facts: Partial<ProcessFacts> = {}) =>
    process({ pid: 55, isAlive: (pid) => pid !== 55, ...facts });
  return { clock, mem, backend, process, take, locks, dead };
}
