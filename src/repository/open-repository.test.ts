import { expect, test } from 'vitest';
import { tellDeaths } from '../../test/support/crash-steps.ts';
import { FaultyBackend, SimulatedKill } from '../../test/support/faulty-backend.ts';
import {
  CHEAPEST_SCRYPT,
  createLab,
  createLabIn,
  PASSWORD,
  selfFacts,
} from '../../test/support/repository-lab.ts';
import type { Backend } from '../backend/backend.ts';
import { createMemBackend } from '../backend/mem-backend.ts';
import { utf8Encode } from '../base/bytes.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { initRepository, openRepository } from './open-repository.ts';

const accessTo = (backend: Backend) => ({
  backend,
  clock: systemClock,
  random: systemRandom,
  self: selfFacts,
});
const secret = { password: PASSWORD, scrypt: CHEAPEST_SCRYPT };
const configFile = { kind: 'config', name: '' } as const;

test.each([1, 2] as const)(
  'a new repository of version %i opens with its password',
  async (version) => {
    const { backend, key } = await createLabIn({ backend: createMemBackend(), version });
    const repository = await openRepository(accessTo(backend), PASSWORD);
    expect(repository.config.version).toBe(version);
    expect(repository.master).toEqual(key.master);
    expect([...backend.files().keys()].toSorted()).toEqual(['config', `keys/${key.keyId}`]);
  },
);

test('init refuses a repository that is there, and leaves it as it is', async () => {
  const { backend } = await createLab();
  const before = backend.files();
  await expect(initRepository(accessTo(backend), secret)).rejects.toMatchObject({
    code: 'REPOSITORY_EXISTS',
  });
  expect(backend.files()).toEqual(before);
});

test('init refuses a place with data but no config: that is a damaged repository', async () => {
  const { backend, open } = await createLab();
  const repository = await open();
  await repository.files.save('index', utf8Encode('{"packs":[]}'));
  backend.tamper(configFile, undefined);
  await expect(initRepository(accessTo(backend), secret)).rejects.toThrow(/index file/);
});

test('an init that was cut off after the key is finished by the next one, with that key', async () => {
  const mem = createMemBackend();
  const faulty = new FaultyBackend(mem);
  faulty.failAtOperation(3); // create, key, config
  await expect(initRepository(accessTo(faulty), secret)).rejects.toThrow(SimulatedKill);
  const [keyFile] = [...mem.files().keys()];
  await expect(openRepository(accessTo(mem), PASSWORD)).rejects.toMatchObject({
    code: 'REPOSITORY_CONFIG_MISSING',
  });
  const repository = await initRepository(accessTo(mem), secret);
  expect(keyFile).toBe(`keys/${repository.keyId}`);
  expect(mem.files().size).toBe(2);
  expect((await openRepository(accessTo(mem), PASSWORD)).config).toEqual(repository.config);
});

test('an init that dies at its n-th change, for each n, leaves no repository or a whole one, and the next one a whole one', async () => {
  for (let deaths = 0; ; deaths += 1) {
    const mem = createMemBackend();
    const faulty = new FaultyBackend(mem);
    faulty.failAtOperation(deaths + 1);
    const begun = await initRepository(accessTo(faulty), secret).catch(() => undefined);
    const next = begun ?? (await initRepository(accessTo(mem), secret));
    const opened = await openRepository(accessTo(mem), PASSWORD);
    expect(opened).toMatchObject({ config: next.config, master: next.master });
    expect([...mem.files().keys()].toSorted()).toEqual(['config', `keys/${next.keyId}`]);
    if (begun === undefined) continue;
    tellDeaths('init', deaths);
    expect(deaths).toBe(3); // create, key, config
    return;
  }
});

test('an init that was cut off is not finished with another password', async () => {
  const mem = createMemBackend();
  const faulty = new FaultyBackend(mem);
  faulty.failAtOperation(3);
  await expect(initRepository(accessTo(faulty), secret)).rejects.toThrow(SimulatedKill);
  const other = { ...secret, password: 'other' };
  await expect(initRepository(accessTo(mem), other)).rejects.toThrow(/another password/);
});

test('a damaged config is named, whatever is wrong with it', async () => {
  const { backend } = await createLab();
  const bytes = await backend.load(configFile);
  for (const damaged of [new Uint8Array(), bytes.subarray(0, 20), bytes.map((byte) => byte ^ 1)]) {
    backend.tamper(configFile, damaged);
    await expect(openRepository(accessTo(backend), PASSWORD)).rejects.toMatchObject({
      code: 'REPOSITORY_FILE_DAMAGED',
      exitCode: 20,
      message: expect.stringContaining('config') as string,
    });
  }
});

test('a wrong password leaves no lock and no other trace', async () => {
  const { backend } = await createLab();
  const before = backend.files();
  await expect(openRepository(accessTo(backend), 'wrong')).rejects.toMatchObject({ exitCode: 12 });
  expect(backend.files()).toEqual(before);
});
