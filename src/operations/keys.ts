/** `key list|add|remove|passwd`: the passwords of a repository. */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { DEFAULT_SCRYPT_PARAMS } from '../format/kdf.ts';
import {
  addKey as writeKey,
  chooseKey,
  findKey,
  listKeys as readKeys,
  removeKey as eraseKey,
  type Identity,
  type ListedKey,
} from '../repository/keys.ts';
import type { Repository } from '../repository/repository.ts';
import { openSession, type SessionOptions } from './open-session.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

export interface KeyInput extends Omit<SessionOptions, 'lock'> {
  readonly repository: RepositoryChoice;
}

export interface DescribedKey extends ListedKey {
  /** The one the given password opened. */
  readonly isCurrent: boolean;
}

/** The oldest first, those that cannot be read last. */
export async function listKeys(
  workbench: Workbench,
  input: KeyInput & Pick<SessionOptions, 'lock'>,
): Promise<DescribedKey[]> {
  await using session = await openSession(workbench, input.repository, input);
  const { backend, keyId } = session.repository;
  const keys: DescribedKey[] = [];
  for await (const key of readKeys(backend, { signal: input.signal })) {
    keys.push({ ...key, isCurrent: key.name === keyId });
  }
  const createdAt = ({ key }: ListedKey): number =>
    key === undefined ? Infinity : Date.parse(key.created);
  return keys.sort((a, b) => createdAt(a) - createdAt(b));
}

export interface NewKeyInput extends KeyInput {
  readonly newPassword: string;
  /** Written into the key file, for people; default: this process. */
  readonly identity?: Partial<Identity> | undefined;
}

/** Returns the id of the new key. */
export async function addKey(workbench: Workbench, input: NewKeyInput): Promise<string> {
  await using session = await openSession(workbench, input.repository, {
    ...input,
    lock: 'shared',
  });
  return await writeProvedKey(workbench, session.repository, input);
}

/** Throws `REPOSITORY_KEY_IN_USE` for the key this was opened with, so that one always remains. */
export async function removeKey(
  workbench: Workbench,
  input: KeyInput & { readonly wanted: string },
): Promise<string> {
  await using session = await openSession(workbench, input.repository, {
    ...input,
    lock: 'exclusive',
  });
  const { repository } = session;
  const name = await chooseKey(repository.backend, input.wanted, { signal: input.signal });
  repository.assertWritable();
  await eraseKey(repository.backend, { name, inUse: repository.keyId });
  return name;
}

/** The new key is proved before the old one goes: a crash in between leaves both. */
export async function changePassword(
  workbench: Workbench,
  input: NewKeyInput,
): Promise<{ added: string; removed: string }> {
  await using session = await openSession(workbench, input.repository, {
    ...input,
    lock: 'exclusive',
  });
  const { repository } = session;
  const added = await writeProvedKey(workbench, repository, input);
  repository.assertWritable();
  await eraseKey(repository.backend, { name: repository.keyId, inUse: added });
  return { added, removed: repository.keyId };
}

/** Reads the new key back from the store and opens it. */
async function writeProvedKey(
  { clock, random, self }: Workbench,
  repository: Repository,
  { newPassword: password, identity, signal }: NewKeyInput,
): Promise<string> {
  const { backend, master } = repository;
  const who = { hostname: self.hostname, username: self.username, ...identity };
  const parts = { backend, clock, random, identity: who };
  repository.assertWritable();
  const name = await writeKey(parts, master, { password, params: DEFAULT_SCRYPT_PARAMS });
  const opened = await findKey(backend, password, { keyHint: name, signal });
  assertInternal(opened.keyId === name, `key ${name} does not open with its password`);
  return name;
}
