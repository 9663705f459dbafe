/** `key add|remove|passwd` killed at any write: the passwords that must open it give the data. */
import { beforeAll, expect, test, vi } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { createMemBackend, type MemBackend } from '../../src/backend/mem-backend.ts';
import { utf8Encode } from '../../src/base/bytes.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { addKey, changePassword, removeKey } from '../../src/operations/keys.ts';
import type { Workbench } from '../../src/operations/workbench.ts';
import { addKey as writeKey, type OpenedKey } from '../../src/repository/keys.ts';
import { openRepository } from '../../src/repository/open-repository.ts';
import { tellDeaths } from '../support/crash-steps.ts';
import { FaultyBackend, SimulatedKill } from '../support/faulty-backend.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import {
  CHEAPEST_SCRYPT,
  createLabIn,
  PASSWORD,
  selfFacts,
  storeSnapshot,
} from '../support/repository-lab.ts';
import { fileNode, treeOf } from '../support/tree-builder.ts';

/** New passwords cost nothing either. */
vi.mock(import('../../src/format/kdf.ts'), async (load) => ({
  ...(await load()),
  DEFAULT_SCRYPT_PARAMS: { N: 16, r: 1, p: 1 },
}));

const CONTENT = 'what was backed up';
const access = { clock: systemClock, random: systemRandom, self: selfFacts };

let store: MemBackend;
let first: OpenedKey;

beforeAll(async () => {
  store = createMemBackend();
  const { key, open } = await createLabIn({ backend: store });
  first = key;
  const blobs = new MemoryBlobStore();
  const tree = treeOf(blobs, [fileNode(blobs, 'file', [utf8Encode(CONTENT)])]);
  await storeSnapshot(await open(), { store: blobs, tree });
});

function workbenchOn(backend: Backend): Workbench {
  return {
    ...access,
    keepsakeVersion: '0',
    openBackend: () => backend,
    scratchFolder: '/nowhere',
    warn: () => {},
  };
}

const input = { repository: { location: 'memory', password: PASSWORD }, lockWaitMs: 0 };

type Work = (workbench: Workbench) => Promise<unknown>;

/**
 * What the store holds when `work` dies at its n-th change, for each n, and last when it does not.
 * A death just after a change leaves what one before the next change does.
 */
async function* whenKilled(command: string, from: MemBackend, work: Work) {
  for (let n = 1; ; n += 1) {
    const survivor = from.clone();
    const dying = new FaultyBackend(survivor);
    dying.failAtOperation(n);
    const isKilled = await work(workbenchOn(dying)).then(
      () => false,
      (error: unknown) => isKill(error),
    );
    yield survivor;
    if (isKilled) continue;
    tellDeaths(command, n - 1);
    return;
  }
}

/** The lock cannot be given back after the kill either: then that failure comes with it. */
function isKill(error: unknown): boolean {
  if (error instanceof SimulatedKill) return true;
  if (error instanceof SuppressedError) return isKill(error.error) && isKill(error.suppressed);
  throw error;
}

/** Ids of the keys beside the first one. */
async function otherKeys(backend: Backend): Promise<string[]> {
  const names = (await Array.fromAsync(backend.list('key'))).map(({ name }) => name);
  return names.filter((name) => name !== first.keyId);
}

async function hasFirstKey(backend: Backend): Promise<boolean> {
  return (await Array.fromAsync(backend.list('key'))).some(({ name }) => name === first.keyId);
}

/** Opens it and reads all that was backed up. */
async function expectOpens(backend: Backend, password: string, keyHint: string): Promise<void> {
  const repository = await openRepository({ ...access, backend }, password, { keyHint });
  expect(repository.keyId).toBe(keyHint);
  await repository.loadIndex();
  const contents: string[] = [];
  for (const { type, id } of repository.index.entries()) {
    const bytes = await repository.loadBlob(type, id);
    if (type === 'data') contents.push(Buffer.from(bytes).toString());
  }
  expect(contents).toEqual([CONTENT]);
}

test('a change of the password that is killed at any write leaves the old one or the new one, and it opens the data', async () => {
  const left: string[] = [];
  const work: Work = (workbench) => changePassword(workbench, { ...input, newPassword: 'new' });
  for await (const survivor of whenKilled('key passwd', store, work)) {
    const others = await otherKeys(survivor);
    const isOld = await hasFirstKey(survivor);
    if (isOld) await expectOpens(survivor, PASSWORD, first.keyId);
    for (const name of others) await expectOpens(survivor, 'new', name);
    left.push([...(isOld ? ['old'] : []), ...others.map(() => 'new')].join());
  }
  // Before the lock, the new key, the removal, and the return of the lock; and at the end.
  expect(left).toEqual(['old', 'old', 'old,new', 'new', 'new']);
});

test('a key that is added by a command killed at any write is there whole or not at all, and the old one opens the data', async () => {
  const left: number[] = [];
  const work: Work = (workbench) => addKey(workbench, { ...input, newPassword: 'new' });
  for await (const survivor of whenKilled('key add', store, work)) {
    const others = await otherKeys(survivor);
    await expectOpens(survivor, PASSWORD, first.keyId);
    for (const name of others) await expectOpens(survivor, 'new', name);
    left.push(others.length);
  }
  expect(left).toEqual([0, 0, 1, 1]);
});

test('a key that is removed by a command killed at any write takes no other one with it', async () => {
  const from = store.clone();
  const parts = { ...access, backend: from, identity: selfFacts };
  const secret = { password: 'other', params: CHEAPEST_SCRYPT };
  const other = await writeKey(parts, first.master, secret);
  const left: number[] = [];
  const work: Work = (workbench) => removeKey(workbench, { ...input, wanted: other });
  for await (const survivor of whenKilled('key remove', from, work)) {
    const others = await otherKeys(survivor);
    await expectOpens(survivor, PASSWORD, first.keyId);
    for (const name of others) await expectOpens(survivor, 'other', name);
    left.push(others.length);
  }
  expect(left).toEqual([1, 1, 0, 0]);
});
