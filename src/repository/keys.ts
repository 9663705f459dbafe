/** The repository's keys: each file in `keys/` holds the same master key under its own password. */
import type { Backend, CallOptions } from '../backend/backend.ts';
import type { Clock, Random } from '../base/clock.ts';
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { ScryptParams } from '../format/kdf.ts';
import {
  decodeKeyFile,
  encodeKeyFile,
  openMasterKey,
  sealMasterKey,
  type KeyFile,
} from '../format/key-file.ts';
import { decodeNamed, fileName, loadNamedFile } from './sealed-files.ts';

export interface OpenedKey {
  readonly master: MasterKey;
  /** Name of the key file that the password opened. */
  readonly keyId: string;
}

export interface Identity {
  readonly hostname: string;
  readonly username: string;
}

export interface KeyDependencies {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: Identity;
}

export interface FindKeyOptions extends CallOptions {
  /** Beginning of the name of the key to try first: each try costs a third of a second. */
  readonly keyHint?: string | undefined;
}

/** Tries the password on every key. Throws `REPOSITORY_WRONG_PASSWORD` when it opens none. */
export async function findKey(
  backend: Backend,
  password: string,
  options: FindKeyOptions = {},
): Promise<OpenedKey> {
  const names = await listKeyNames(backend, options);
  const damagedKeys: string[] = [];
  for (const name of names) {
    try {
      const master = await openMasterKey(await loadKey(backend, name, options), password);
      if (master !== undefined) return { master, keyId: name };
    } catch (error) {
      // One key file that is damaged, or asks for absurd memory, must not block the others.
      if (!isKeepsakeError(error, 'REPOSITORY_FILE_DAMAGED', 'FORMAT_KDF', 'FORMAT_MALFORMED')) {
        throw error;
      }
      damagedKeys.push(name);
    }
  }
  const { location } = backend;
  const keyCount = names.length;
  if (keyCount === 0) throw await noKeysError(backend, options);
  throw new KeepsakeError('REPOSITORY_WRONG_PASSWORD', { location, keyCount, damagedKeys });
}

/** The hinted key first. */
async function listKeyNames(backend: Backend, options: FindKeyOptions): Promise<string[]> {
  const { keyHint } = options;
  const names: string[] = [];
  try {
    for await (const { name } of backend.list('key', options)) names.push(name);
  } catch (error) {
    if (!isMissingFolder(error)) throw error;
    if (await hasConfig(backend, options)) throw error;
    const { location } = backend;
    throw new KeepsakeError('REPOSITORY_NOT_FOUND', { location }, { cause: error });
  }
  if (keyHint === undefined) return names;
  return names.sort((a, b) => Number(b.startsWith(keyHint)) - Number(a.startsWith(keyHint)));
}

function isMissingFolder(error: unknown): boolean {
  return isKeepsakeError(error, 'BACKEND_LOCATION_MISSING', 'BACKEND_FOLDER_MISSING');
}

async function noKeysError(backend: Backend, options: CallOptions): Promise<KeepsakeError> {
  const { location } = backend;
  return (await hasConfig(backend, options))
    ? new KeepsakeError('REPOSITORY_KEYS_MISSING', { location })
    : new KeepsakeError('REPOSITORY_NOT_FOUND', { location });
}

export async function hasConfig(backend: Backend, options: CallOptions = {}): Promise<boolean> {
  try {
    await backend.stat({ kind: 'config', name: '' }, options);
    return true;
  } catch (error) {
    if (isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND') || isMissingFolder(error)) return false;
    throw error;
  }
}

export async function loadKey(
  backend: Backend,
  name: string,
  options: CallOptions = {},
): Promise<KeyFile> {
  const handle = { kind: 'key', name } as const;
  return decodeNamed(handle, await loadNamedFile(backend, handle, options), decodeKeyFile);
}

/** Writes a key file for `password` and opens it again before it counts. Returns its name. */
export async function addKey(
  { backend, clock, random, identity }: KeyDependencies,
  master: MasterKey,
  { password, params }: { password: string; params: ScryptParams },
): Promise<string> {
  const createdAt = clock.now();
  const key = await sealMasterKey({ master, password, params, createdAt, random, ...identity });
  const bytes = encodeKeyFile(key);
  const reopened = await openMasterKey(decodeKeyFile(bytes), password);
  if (reopened === undefined) throw new KeepsakeError('REPOSITORY_SELF_CHECK', { what: 'a key' });
  const name = fileName(bytes);
  await backend.save({ kind: 'key', name }, bytes);
  return name;
}
