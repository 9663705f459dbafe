/**
 * From a password to the key that seals a key file: scrypt (RFC 7914) to 64 bytes.
 *
 *   offset  size  field
 *   0       32    encrypt
 *   32      16    macK
 *   48      16    macR
 *
 * Source: restic doc/design.rst § Keys, Encryption and MAC, internal/repository/crypto/kdf.go
 * @ a80be14.
 */
import { pbkdf2Sync, scrypt, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { formatBytes } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { MasterKey } from './crypto.ts';

export interface ScryptParams {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What restic's own calibration arrives at on a machine of today (500 ms, 60 MB). */
export const DEFAULT_SCRYPT_PARAMS: ScryptParams = { N: 32768, r: 8, p: 4 };

/** restic accepts no other length (kdf.go `saltLength`). */
export const SALT_BYTES = 64;

const DERIVED_BYTES = 64;
// Far above anything restic writes (60 MB, half a second), far below what hurts a small server.
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
const MAX_WORK = 2 ** 25;

/** 64 bytes of a password; `params` are known to be sane. */
export type Scrypt = (
  password: string,
  salt: Uint8Array,
  params: ScryptParams,
) => Promise<Uint8Array>;

const scryptAsync = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);

/** Throws `FORMAT_KDF` for parameters that are invalid or would take absurd memory or time. */
export async function deriveKey(
  password: string,
  salt: Uint8Array,
  { params, scrypt = scryptByNode }: { params: ScryptParams; scrypt?: Scrypt | undefined },
): Promise<MasterKey> {
  assertSaneParams(params);
  const derived = await scrypt(password, salt, params);
  return {
    encrypt: derived.subarray(0, 32),
    macK: derived.subarray(32, 48),
    macR: derived.subarray(48, 64),
  };
}

/** OpenSSL's, one lane after the other in one thread. */
export const scryptByNode: Scrypt = (password, salt, params) => {
  const { N, r, p } = params;
  // OpenSSL needs 128·r·(N + p + 2) bytes and refuses when it may not take that much.
  const maxmem = memoryBytes(params) + 1024 * 1024;
  return scryptAsync(password, salt, DERIVED_BYTES, { N, r, p, maxmem });
};

/** The first step of scrypt (RFC 7914 §6): `p` lanes of 128·r bytes, to be mixed each by itself. */
export function expandLanes(
  password: string,
  salt: Uint8Array,
  { r, p }: ScryptParams,
): Uint8Array {
  return pbkdf2Sync(password, salt, 1, 128 * r * p, 'sha256');
}

/** The last step: 64 bytes of the mixed lanes. */
export function gatherLanes(password: string, lanes: Uint8Array): Uint8Array {
  return pbkdf2Sync(password, lanes, 1, DERIVED_BYTES, 'sha256');
}

function assertSaneParams(params: ScryptParams): void {
  const { N, r, p } = params;
  const given = `scrypt with N=${N} r=${r} p=${p}`;
  if (![N, r, p].every((value) => Number.isSafeInteger(value) && value >= 1)) {
    throw new KeepsakeError('FORMAT_KDF', { problem: `${given} is not possible` });
  }
  if (N < 2 || !Number.isInteger(Math.log2(N))) {
    throw new KeepsakeError('FORMAT_KDF', { problem: `${given}: N must be a power of two` });
  }
  if (memoryBytes(params) > MAX_MEMORY_BYTES) {
    const memory = formatBytes(memoryBytes(params));
    throw new KeepsakeError('FORMAT_KDF', { problem: `${given} would take ${memory} of memory` });
  }
  if (N * r * p > MAX_WORK) {
    throw new KeepsakeError('FORMAT_KDF', { problem: `${given} would take minutes` });
  }
}

function memoryBytes({ N, r, p }: ScryptParams): number {
  return 128 * r * (N + p + 2);
}
