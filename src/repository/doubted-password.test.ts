import { expect, test, vi } from 'vitest';
import { selfFacts } from '../../test/support/repository-lab.ts';
import { createMemBackend } from '../backend/mem-backend.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { generateMasterKey } from '../format/crypto.ts';
import { addKey, findKey } from './keys.ts';
import { initRepository, openRepository } from './open-repository.ts';
import { scryptByWorkers } from './scrypt-by-workers.ts';

vi.mock('./scrypt-by-workers.ts', () => ({
  canSpread: () => true,
  scryptByWorkers: vi.fn(() => Promise.resolve(new Uint8Array(64))),
}));

test('a password is not called wrong before OpenSSL says so, too', async () => {
  const backend = createMemBackend();
  const master = generateMasterKey(systemRandom);
  const parts = { backend, clock: systemClock, random: systemRandom, identity: selfFacts };
  const params = { N: 32768, r: 5, p: 2 };
  const keyId = await addKey(parts, master, { password: 'right', params });
  expect(await findKey(backend, 'right')).toEqual({ master, keyId });
  await expect(findKey(backend, 'wrong')).rejects.toMatchObject({
    code: 'REPOSITORY_WRONG_PASSWORD',
  });
  expect(scryptByWorkers).toHaveBeenCalledTimes(2);
});

test('who asks for less memory has the key derived by OpenSSL alone, in one thread', async () => {
  const backend = createMemBackend();
  const access = { backend, clock: systemClock, random: systemRandom, self: selfFacts };
  const scrypt = { N: 32768, r: 5, p: 2 };
  await initRepository(access, { password: 'right', scrypt });
  for (const [lowMemory, calls] of [
    [true, 0],
    [false, 1],
  ] as const) {
    vi.mocked(scryptByWorkers).mockClear();
    await openRepository({ ...access, lowMemory }, 'right');
    expect(scryptByWorkers).toHaveBeenCalledTimes(calls);
  }
});
