/** Creates and opens repositories. */
import type { Backend, CallOptions } from '../backend/backend.ts';
import { withCache } from '../backend/cache-backend.ts';
import { DerivedFiles } from '../backend/derived-files.ts';
import { toHex } from '../base/bytes.ts';
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import {
  decodeConfigFile,
  encodeConfigFile,
  type RepositoryConfig,
} from '../format/config-file.ts';
import { generateMasterKey } from '../format/crypto.ts';
import { DEFAULT_SCRYPT_PARAMS, type ScryptParams } from '../format/kdf.ts';
import { generatePolynomial } from '../format/polynomial.ts';
import { unsealUnpacked } from '../format/unpacked.ts';
import { addKey, findKey, hasConfig, type FindKeyOptions, type OpenedKey } from './keys.ts';
import { IndexCopies } from './index-copies.ts';
import type { RepositoryParts } from './repository-parts.ts';
import { Repository } from './repository.ts';
import { decodeNamed, SealedFiles } from './sealed-files.ts';

export interface RepositoryAccess extends Pick<
  RepositoryParts,
  'backend' | 'clock' | 'random' | 'self' | 'lowMemory'
> {
  /** Where index, snapshots and trees are kept locally; absent: no cache. */
  readonly cacheFolder?: string | undefined;
  /** Told once when the cache cannot be written; the command goes on without it. */
  readonly onCacheFailure?: ((error: unknown) => void) | undefined;
}

export interface InitOptions {
  readonly password: string;
  readonly version?: 1 | 2 | undefined;
  /** Another repository's, so that both deduplicate alike (`copy`). */
  readonly chunkerPolynomial?: bigint | undefined;
  readonly scrypt?: ScryptParams | undefined;
}

/**
 * Creates a repository: key first, config last, so that it exists only once it is whole. Refuses a
 * place that holds a config. A place with a key and nothing else is an `init` that was cut off: it
 * is finished if the password opens that key.
 */
export async function initRepository(
  access: RepositoryAccess,
  { password, version = 2, chunkerPolynomial, scrypt = DEFAULT_SCRYPT_PARAMS }: InitOptions,
): Promise<Repository> {
  const { backend, random, self } = access;
  const { location } = backend;
  if (await hasConfig(backend)) {
    throw new KeepsakeError('REPOSITORY_EXISTS', { location, what: 'config' });
  }
  await backend.create();
  const begun = await findBegunKey(backend, password);
  const { master, keyId } = begun ?? (await writeFirstKey(access, { password, params: scrypt }));
  const config: RepositoryConfig = {
    version,
    id: toHex(random(32)),
    chunkerPolynomial: chunkerPolynomial ?? generatePolynomial(random),
  };
  const files = new SealedFiles({ backend, master, version, random });
  await files.save('config', encodeConfigFile(config));
  return new Repository({ ...access, self, config, master, keyId });
}

async function writeFirstKey(
  { backend, clock, random, self }: RepositoryAccess,
  secret: { password: string; params: ScryptParams },
): Promise<OpenedKey> {
  const master = generateMasterKey(random);
  const keyId = await addKey({ backend, clock, random, identity: self }, master, secret);
  return { master, keyId };
}

async function findBegunKey(backend: Backend, password: string): Promise<OpenedKey | undefined> {
  const { location } = backend;
  for (const kind of ['snapshot', 'index', 'pack'] as const) {
    for await (const { name } of backend.list(kind)) {
      throw new KeepsakeError('REPOSITORY_EXISTS', { location, what: `${kind} file ${name}` });
    }
  }
  try {
    return await findKey(backend, password);
  } catch (error) {
    if (isKeepsakeError(error, 'REPOSITORY_NOT_FOUND')) return undefined;
    if (!isKeepsakeError(error, 'REPOSITORY_WRONG_PASSWORD')) throw error;
    throw new KeepsakeError(
      'REPOSITORY_EXISTS',
      { location, what: 'a key of another password' },
      { cause: error },
    );
  }
}

/**
 * Opens a repository with any of its passwords. Throws `REPOSITORY_NOT_FOUND`,
 * `REPOSITORY_WRONG_PASSWORD`, `REPOSITORY_KEYS_DAMAGED`, `REPOSITORY_KEYS_MISSING`,
 * `REPOSITORY_CONFIG_MISSING` or `REPOSITORY_FILE_DAMAGED`. Takes no lock and reads no index.
 */
export async function openRepository(
  access: RepositoryAccess,
  password: string,
  options: FindKeyOptions = {},
): Promise<Repository> {
  const { backend, lowMemory } = access;
  const key = await findKey(backend, password, { ...options, lowMemory });
  return openWithKey(access, key, options);
}

/** As `openRepository`, with the master key at hand: no password is tried. */
export async function openWithKey(
  access: RepositoryAccess,
  key: OpenedKey,
  options: CallOptions = {},
): Promise<Repository> {
  const config = await loadConfig(access.backend, key, options);
  const { cacheFolder: folder, clock, random } = access;
  if (folder === undefined) return new Repository({ ...access, ...key, config });
  const place = { folder, repositoryId: config.id, clock, random };
  const backend = withCache(access.backend, { ...place, onFailure: access.onCacheFailure });
  const derived = new DerivedFiles(place);
  const indexCopies = new IndexCopies({ derived, master: key.master, random });
  return new Repository({ ...access, ...key, backend, config, indexCopies });
}

async function loadConfig(
  backend: Backend,
  { master }: OpenedKey,
  options: CallOptions,
): Promise<RepositoryConfig> {
  const handle = { kind: 'config', name: '' } as const;
  try {
    const bytes = await backend.load(handle, options);
    const decode = (sealed: Uint8Array): RepositoryConfig =>
      decodeConfigFile(unsealUnpacked({ kind: 'config', master, bytes: sealed }));
    return decodeNamed(handle, bytes, decode);
  } catch (error) {
    if (!isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND')) throw error;
    const { location } = backend;
    throw new KeepsakeError('REPOSITORY_CONFIG_MISSING', { location }, { cause: error });
  }
}
