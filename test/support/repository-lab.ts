/** Small repositories for tests: in memory unless told otherwise, with a password that costs nothing. */
import type { Backend } from '../../src/backend/backend.ts';
import { createMemBackend, type MemBackend } from '../../src/backend/mem-backend.ts';
import { systemClock, systemRandom, type Clock } from '../../src/base/clock.ts';
import type { Snapshot } from '../../src/format/snapshot-file.ts';
import type { OpenedKey } from '../../src/repository/keys.ts';
import type { ProcessFacts } from '../../src/repository/lock-holder.ts';
import {
  initRepository,
  openWithKey,
  type RepositoryAccess,
} from '../../src/repository/open-repository.ts';
import type { Repository } from '../../src/repository/repository.ts';
import type { MemoryBlobStore } from './memory-blob-store.ts';

export const PASSWORD = 'a password';
/** For tests only: guessing costs nothing. The real restic opens such keys, too. */
export const CHEAP_SCRYPT = { N: 16384, r: 8, p: 1 };
export const CHEAPEST_SCRYPT = { N: 16, r: 1, p: 1 };

export const selfFacts: ProcessFacts = {
  hostname: 'nas',
  username: 'root',
  pid: 100,
  uid: 0,
  gid: 0,
  pidNamespace: 'pid:[1]',
  isAlive: () => true,
};

export interface LabOptions<B extends Backend> {
  readonly backend: B;
  readonly clock?: Clock;
  readonly self?: ProcessFacts;
  readonly version?: 1 | 2;
  readonly password?: string;
  readonly scrypt?: { N: number; r: number; p: number };
}

export interface Lab<B extends Backend = MemBackend> {
  readonly backend: B;
  readonly key: OpenedKey;
  /** Opens it anew, index unread, over `backend` or another with the same content. */
  readonly open: (backend?: Backend) => Promise<Repository>;
}

export async function createLab(): Promise<Lab> {
  return createLabIn({ backend: createMemBackend() });
}

export async function createLabIn<B extends Backend>({
  backend,
  clock = systemClock,
  self = selfFacts,
  version = 2,
  password = PASSWORD,
  scrypt = CHEAPEST_SCRYPT,
}: LabOptions<B>): Promise<Lab<B>> {
  const access: RepositoryAccess = { backend, clock, self, random: systemRandom };
  const { master, keyId } = await initRepository(access, { password, version, scrypt });
  const key = { master, keyId };
  return {
    backend,
    key,
    open: (other = backend) => openWithKey({ ...access, backend: other }, key),
  };
}

export interface StoreOptions {
  readonly packSizeBytes?: number;
  readonly fields?: Partial<Snapshot>;
}

/** Stores all blobs of `store` and a snapshot of `tree`. Returns its id. */
export async function storeSnapshot(
  repository: Repository,
  { store, tree }: { store: MemoryBlobStore; tree: string },
  { packSizeBytes, fields }: StoreOptions = {},
): Promise<string> {
  const saver = repository.startWriting({ packSizeBytes });
  for (const [key, bytes] of store.blobs) {
    const [type, id = ''] = key.split('/');
    await saver.save(type === 'tree' ? 'tree' : 'data', id, bytes);
  }
  await saver.flush();
  return repository.saveSnapshot({
    time: '2026-01-02T03:04:05Z',
    tree,
    paths: ['/srv/app'],
    hostname: 'nas',
    username: 'root',
    ...fields,
  });
}
