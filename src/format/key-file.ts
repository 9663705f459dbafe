/**
 * A key file: the repository's master key under one password. Not sealed, plain JSON:
 *
 *   {"created":"<RFC 3339>","username":"…","hostname":"…",
 *    "kdf":"scrypt","N":32768,"r":8,"p":4,
 *    "salt":"<base64, 64 bytes>","data":"<base64, sealed by the derived key>"}
 *
 * The plaintext of `data`:
 *
 *   {"mac":{"k":"<base64, 16 bytes>","r":"<base64, 16 bytes>"},"encrypt":"<base64, 32 bytes>"}
 *
 * Only `data` is authenticated; that the rest is unchanged shows in the file's name, its SHA-256.
 * Source: restic doc/design.rst § Keys, Encryption and MAC, internal/repository/key.go @ a80be14.
 */
import { asBuffer, utf8Encode } from '../base/bytes.ts';
import type { Random } from '../base/clock.ts';
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import {
  isUsableKey,
  NONCE_BYTES,
  seal,
  SEAL_OVERHEAD_BYTES,
  unseal,
  type MasterKey,
} from './crypto.ts';
import { JsonField, UINT32_MAX } from './json-fields.ts';
import { encodeGoString } from './json-text.ts';
import { deriveKey, SALT_BYTES, type Scrypt, type ScryptParams } from './kdf.ts';

export interface KeyFile {
  /** RFC 3339, as written. */
  readonly created: string;
  readonly username: string;
  readonly hostname: string;
  readonly params: ScryptParams;
  /** 64 bytes. */
  readonly salt: Uint8Array;
  /** The sealed master key. */
  readonly data: Uint8Array;
}

const WHAT = 'key file';

export function encodeKeyFile(key: KeyFile): Uint8Array {
  const { created, username, hostname, params, salt, data } = key;
  return utf8Encode(
    `{"created":${encodeGoString(created)},"username":${encodeGoString(username)},` +
      `"hostname":${encodeGoString(hostname)},"kdf":"scrypt",` +
      `"N":${params.N},"r":${params.r},"p":${params.p},` +
      `"salt":"${toBase64(salt)}","data":"${toBase64(data)}"}`,
  );
}

export function decodeKeyFile(bytes: Uint8Array): KeyFile {
  const key = JsonField.parse(WHAT, bytes);
  key.get('kdf').oneOf('scrypt');
  const salt = key.get('salt');
  const saltBytes = salt.base64();
  if (saltBytes.length !== SALT_BYTES) {
    salt.fail(`${saltBytes.length} bytes, expected ${SALT_BYTES}`);
  }
  const data = key.get('data').base64();
  if (data.length < SEAL_OVERHEAD_BYTES) {
    throw new KeepsakeError('FORMAT_TRUNCATED', {
      what: 'sealed master key of a key file',
      sizeBytes: data.length,
      neededBytes: SEAL_OVERHEAD_BYTES,
    });
  }
  return {
    created: key.get('created').time(),
    username: key.get('username').text(),
    hostname: key.get('hostname').text(),
    params: {
      N: key.get('N').integer(2, UINT32_MAX),
      r: key.get('r').integer(1, UINT32_MAX),
      p: key.get('p').integer(1, UINT32_MAX),
    },
    salt: saltBytes,
    data,
  };
}

export interface SealMasterKeyInput {
  readonly master: MasterKey;
  readonly password: string;
  readonly params: ScryptParams;
  readonly username: string;
  readonly hostname: string;
  readonly createdAt: Date;
  readonly random: Random;
}

export async function sealMasterKey(input: SealMasterKeyInput): Promise<KeyFile> {
  const { master, password, params, username, hostname, createdAt, random } = input;
  const salt = random(SALT_BYTES);
  const derived = await deriveKey(password, salt, { params });
  const data = seal(derived, encodeMasterKey(master), random(NONCE_BYTES));
  const created = createdAt.toISOString().replace(/\.?0*Z$/, 'Z');
  return { created, username, hostname, params, salt, data };
}

/**
 * The master key, or undefined when this is not the password (or `data` was tampered with: the
 * two look alike). Throws `FORMAT_KDF` for absurd scrypt parameters.
 */
export async function openMasterKey(
  keyFile: KeyFile,
  password: string,
  scrypt?: Scrypt,
): Promise<MasterKey | undefined> {
  const derived = await deriveKey(password, keyFile.salt, { params: keyFile.params, scrypt });
  try {
    return decodeMasterKey(unseal(derived, keyFile.data, WHAT));
  } catch (error) {
    if (isKeepsakeError(error, 'FORMAT_MAC_MISMATCH')) return undefined;
    throw error;
  }
}

function encodeMasterKey({ encrypt, macK, macR }: MasterKey): Uint8Array {
  const mac = `{"k":"${toBase64(macK)}","r":"${toBase64(macR)}"}`;
  return utf8Encode(`{"mac":${mac},"encrypt":"${toBase64(encrypt)}"}`);
}

function decodeMasterKey(bytes: Uint8Array): MasterKey {
  const document = JsonField.parse(WHAT, bytes, 'data');
  const mac = document.get('mac');
  const master: MasterKey = {
    encrypt: document.get('encrypt').base64(),
    macK: mac.get('k').base64(),
    macR: mac.get('r').base64(),
  };
  if (!isUsableKey(master)) document.fail('the master key has a part of wrong length or all zero');
  return master;
}

function toBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64');
}
