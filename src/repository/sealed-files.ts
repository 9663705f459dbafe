/**
 * Repository files that are one sealed document: config, index, snapshot, lock. Their name is the
 * SHA-256 of their bytes (`config` excepted), checked on every read.
 */
import { createHash } from 'node:crypto';
import type { Backend, CallOptions, FileHandle } from '../backend/backend.ts';
import type { Random } from '../base/clock.ts';
import { equalBytes, releaseMemory, toHex } from '../base/bytes.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { MasterKey } from '../format/crypto.ts';
import { sealUnpacked, unsealUnpacked } from '../format/unpacked.ts';

export type SealedKind = 'config' | 'index' | 'snapshot' | 'lock';

export interface SealedFilesOptions {
  readonly backend: Backend;
  readonly master: MasterKey;
  readonly version: 1 | 2;
  readonly random: Random;
}

export class SealedFiles {
  readonly #options: SealedFilesOptions;

  constructor(options: SealedFilesOptions) {
    this.#options = options;
  }

  /** Seals, opens again to compare, and writes. Returns the file's name. */
  async save(kind: SealedKind, plaintext: Uint8Array, options: CallOptions = {}): Promise<string> {
    const { backend, master, version, random } = this.#options;
    const bytes = sealUnpacked({ kind, version, master, plaintext, nonce: random(16) });
    const opened = unsealUnpacked({ kind, master, bytes, sizeBytes: plaintext.length });
    if (!equalBytes(opened, plaintext)) {
      throw new KeepsakeError('REPOSITORY_SELF_CHECK', { what: `a new ${kind} file` });
    }
    releaseMemory(opened);
    const name = kind === 'config' ? '' : fileName(bytes);
    await backend.save({ kind, name }, bytes, options);
    return name;
  }

  /** Throws `REPOSITORY_FILE_DAMAGED` naming the file when its bytes are not what they were. */
  async load(kind: SealedKind, name: string, options: CallOptions = {}): Promise<Uint8Array> {
    const { backend, master } = this.#options;
    const bytes = await loadNamedFile(backend, { kind, name }, options);
    try {
      return unsealUnpacked({ kind, master, bytes });
    } catch (error) {
      throw new KeepsakeError(
        'REPOSITORY_FILE_DAMAGED',
        { kind, name, why: describeCause(error) },
        { cause: error },
      );
    }
  }
}

export function fileName(bytes: Uint8Array): string {
  return toHex(createHash('sha256').update(bytes).digest());
}

/** Loads a whole file and checks that its name is its hash. What the disk does not give is damage. */
export async function loadNamedFile(
  backend: Backend,
  handle: FileHandle,
  options: CallOptions = {},
): Promise<Uint8Array> {
  const bytes = await loadOrDamaged(backend, handle, options);
  if (handle.kind !== 'config' && fileName(bytes) !== handle.name) {
    const why = `its ${bytes.length} bytes do not match its name`;
    throw new KeepsakeError('REPOSITORY_FILE_DAMAGED', { ...handle, why });
  }
  return bytes;
}

async function loadOrDamaged(
  backend: Backend,
  handle: FileHandle,
  options: CallOptions,
): Promise<Uint8Array> {
  try {
    return await backend.load(handle, options);
  } catch (error) {
    if (!isKeepsakeError(error, 'BACKEND_DEVICE_FAILED')) throw error;
    const why = error.message;
    throw new KeepsakeError('REPOSITORY_FILE_DAMAGED', { ...handle, why }, { cause: error });
  }
}

/** Decodes a document, turning a format error into one that names the file. */
export function decodeNamed<T>(
  { kind, name }: FileHandle,
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => T,
): T {
  try {
    return decode(bytes);
  } catch (error) {
    if (!isKeepsakeError(error)) throw error;
    const why = error.message;
    throw new KeepsakeError('REPOSITORY_FILE_DAMAGED', { kind, name, why }, { cause: error });
  }
}
