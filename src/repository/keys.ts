/** The repository's keys: each file in `keys/` holds the same master key under its own password. */
import type { Backend, CallOptions } from '../backend/backend.ts';
import type { Clock, Random } from '../base/clock.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { MasterKey } from '../format/crypto.ts';
import { scryptByNode, type Scrypt, type ScryptParams } from '../format/kdf.ts';
import {
  decodeKeyFile,
  encodeKeyFile,
  openMasterKey,
  sealMasterKey,
  type KeyFile,
} from '../format/key-file.ts';
import { canSpread, scryptByWorkers } from './scrypt-by-workers.ts';
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
  /** Told when a key is being derived by other threads: this one has time for something else. */
  readonly onDeriving?: (() => void) | undefined;
  /** Has OpenSSL derive keys, in half the memory of two threads. */
  readonly lowMemory?: boolean | undefined;
}

/**
 * Tries the password on every key. Throws `REPOSITORY_WRONG_PASSWORD` when it opens none, and
 * `REPOSITORY_KEYS_DAMAGED` when there is no sound one that could tell. A key file whose bytes do not match its name comes last, but is tried: its seal proves what it opens,
 * and it may be the only one left.
 */
export async function findKey(
  backend: Backend,
  password: string,
  options: FindKeyOptions = {},
): Promise<OpenedKey> {
  const names = await listKeyNames(backend, options);
  const suspects: NamedBytes[] = [];
  const trial = new Trial(password, options);
  for (const name of names) {
    const bytes = await loadKeyBytes(backend, { name, damaged: trial.damaged }, options);
    if (bytes === undefined) continue;
    const file = { name, bytes };
    if (fileName(bytes) !== name) suspects.push(file);
    else {
      const opened = await trial.open(file);
      if (opened !== undefined) return opened;
    }
  }
  for (const file of suspects) {
    const opened = await trial.open(file);
    if (opened !== undefined) return opened;
    trial.damaged.add(file.name);
  }
  const opened = await trial.openAgain();
  if (opened !== undefined) return opened;
  const { location } = backend;
  const keyCount = names.length;
  if (keyCount === 0) throw await noKeysError(backend, options);
  const damagedKeys = [...trial.damaged];
  if (damagedKeys.length === keyCount) {
    throw new KeepsakeError('REPOSITORY_KEYS_DAMAGED', { location, damagedKeys });
  }
  throw new KeepsakeError('REPOSITORY_WRONG_PASSWORD', { location, keyCount, damagedKeys });
}

interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One password tried on key after key. */
class Trial {
  readonly damaged = new Set<string>();
  readonly #password: string;
  readonly #onDeriving: (() => void) | undefined;
  readonly #scrypt: Scrypt;
  readonly #refused: NamedBytes[] = [];

  constructor(password: string, { onDeriving, lowMemory }: FindKeyOptions) {
    this.#password = password;
    this.#onDeriving = onDeriving;
    this.#scrypt = lowMemory === true ? scryptByNode : scryptByWorkers;
  }

  async open(file: NamedBytes, scrypt: Scrypt = this.#scrypt): Promise<OpenedKey | undefined> {
    const { name, bytes } = file;
    try {
      const key = decodeKeyFile(bytes);
      const opening = openMasterKey(key, this.#password, scrypt);
      this.#onDeriving?.();
      const master = await opening;
      if (master !== undefined) return { master, keyId: name };
      if (scrypt !== scryptByNode && canSpread(key.params)) this.#refused.push(file);
    } catch (error) {
      // One key file that is damaged, or asks for absurd memory, must not block the others.
      if (!isKeepsakeError(error) || !error.code.startsWith('FORMAT_')) throw error;
      if (fileName(bytes) === name) this.damaged.add(name);
    }
    return undefined;
  }

  /** Nobody is told that a password is wrong on the word of our own scrypt alone. */
  async openAgain(): Promise<OpenedKey | undefined> {
    for (const file of this.#refused) {
      const opened = await this.open(file, scryptByNode);
      if (opened !== undefined) return opened;
    }
    return undefined;
  }
}

/** Absent when the disk does not give it, or somebody removed it since it was listed. */
async function loadKeyBytes(
  backend: Backend,
  { name, damaged }: { name: string; damaged: Set<string> },
  options: CallOptions,
): Promise<Uint8Array | undefined> {
  try {
    return await backend.load({ kind: 'key', name }, options);
  } catch (error) {
    if (isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND')) return undefined;
    if (!isKeepsakeError(error, 'BACKEND_DEVICE_FAILED')) throw error;
    damaged.add(name);
    return undefined;
  }
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

/** The key whose name begins so. Throws `REPOSITORY_KEY_NOT_FOUND` for none, or for several. */
export async function chooseKey(
  backend: Backend,
  wanted: string,
  options: CallOptions = {},
): Promise<string> {
  const names = await listKeyNames(backend, options);
  const [only, ...more] = names.filter((name) => wanted !== '' && name.startsWith(wanted));
  if (only !== undefined && more.length === 0) return only;
  const candidates = only === undefined ? [] : [only, ...more].map((name) => name.slice(0, 12));
  throw new KeepsakeError('REPOSITORY_KEY_NOT_FOUND', { wanted, candidates });
}

/** Removes a key, never `inUse`, the one this repository was opened with: so never the last one. */
export async function removeKey(
  backend: Backend,
  { name, inUse }: { name: string; inUse: string },
): Promise<void> {
  if (name === inUse) throw new KeepsakeError('REPOSITORY_KEY_IN_USE', { key: name.slice(0, 8) });
  await backend.remove({ kind: 'key', name });
}

export interface ListedKey {
  readonly name: string;
  /** Absent when the file cannot be read. */
  readonly key?: KeyFile;
  readonly problem?: string;
}

export async function* listKeys(
  backend: Backend,
  options: CallOptions = {},
): AsyncGenerator<ListedKey> {
  for await (const { name } of backend.list('key', options)) {
    try {
      yield { name, key: await loadKey(backend, name, options) };
    } catch (error) {
      if (isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND')) continue;
      if (!isKeepsakeError(error, 'REPOSITORY_FILE_DAMAGED')) throw error;
      yield { name, problem: describeCause(error) };
    }
  }
}
