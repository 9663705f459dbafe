/** `key passwd` killed at any write: one of the two passwords still opens the repository. */
import { expect, test } from 'vitest';
import { createMemBackend } from '../../src/backend/mem-backend.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { changePassword } from '../../src/operations/keys.ts';
import { findKey } from '../../src/repository/keys.ts';
import { FaultyBackend, SimulatedKill } from '../support/faulty-backend.ts';
import { createLabIn, PASSWORD, selfFacts } from '../support/repository-lab.ts';

test('killed at any write, the old password or the new one opens the repository', async () => {
  const outcomes: string[] = [];
  for (let n = 1; ; n += 1) {
    const backend = createMemBackend();
    await createLabIn({ backend });
    const faulty = new FaultyBackend(backend);
    faulty.failAtOperation(n, { carriedOut: n % 2 === 0 });
    const workbench = {
      clock: systemClock,
      random: systemRandom,
      self: selfFacts,
      keepsakeVersion: '0',
      openBackend: () => faulty,
      scratchFolder: '/nowhere',
      warn: () => {},
    };
    const killed = await changePassword(workbench, {
      repository: { location: 'memory', password: PASSWORD },
      newPassword: 'new',
      lockWaitMs: 0,
    }).then(
      () => false,
      (error: unknown) => isKill(error),
    );
    const opens = await Promise.all([PASSWORD, 'new'].map((word) => opensWith(backend, word)));
    expect(opens).toContain(true);
    outcomes.push(opens.join());
    if (!killed) break;
  }
  // The last run was not killed: the old password is gone.
  expect(outcomes.at(-1)).toBe('false,true');
  expect(outcomes).toContain('true,false');
  expect(outcomes).toContain('true,true');
});

/** The lock cannot be given back after the kill either: then that failure comes with it. */
function isKill(error: unknown): boolean {
  if (error instanceof SimulatedKill) return true;
  if (error instanceof SuppressedError) return isKill(error.error) && isKill(error.suppressed);
  throw error;
}

async function opensWith(
  backend: ReturnType<typeof createMemBackend>,
  password: string,
): Promise<boolean> {
  return findKey(backend, password).then(
    () => true,
    () => false,
  );
}
