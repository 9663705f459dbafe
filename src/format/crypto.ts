/**
 * How every secret byte of a repository is sealed.
 *
 *   offset  size  field
 *   0       16    nonce: the initial counter block of AES-CTR, and the nonce of Poly1305-AES
 *   16      n     AES-256-CTR(encrypt, nonce, plaintext)
 *   16 + n  16    Poly1305(r = clamp(macR), s = AES-128(macK, nonce)) over the n bytes before it
 *
 * Valid if the tag matches, compared in constant time. The nonce is random, never reused, and never
 * all zero (restic refuses that one).
 *
 * Source: restic doc/design.rst § Keys, Encryption and MAC, internal/repository/crypto/crypto.go
 * @ a80be14; the MAC: https://cr.yp.to/mac/poly1305-20050329.pdf.
 *
 * Poly1305 comes from sodium-native: `node:crypto` offers it only inside ChaCha20-Poly1305. On
 * 1 MiB blobs it made 4159 MB/s where libsodium as WASM made 1421 and noble's JavaScript 231, which
 * would have been slower than all other stages together.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type Cipheriv,
  type KeyObject,
} from 'node:crypto';
import type { Random } from '../base/clock.ts';
import { releaseMemory } from '../base/bytes.ts';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { aesLibrary } from './aes-library.ts';
import { poly1305, poly1305Holds } from './poly1305.ts';

export interface MasterKey {
  /** 32 bytes, AES-256. */
  readonly encrypt: Uint8Array;
  /** 16 bytes, AES-128. */
  readonly macK: Uint8Array;
  /** 16 bytes, Poly1305. */
  readonly macR: Uint8Array;
}

const ENCRYPT_KEY_BYTES = 32;
const MAC_KEY_BYTES = 16;
export const NONCE_BYTES = 16;
const TAG_BYTES = 16;
const PIECE_BYTES = 256 * 1024;
/** What sealing adds to a plaintext. */
export const SEAL_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

export function generateMasterKey(random: Random): MasterKey {
  return {
    encrypt: random(ENCRYPT_KEY_BYTES),
    macK: random(MAC_KEY_BYTES),
    macR: random(MAC_KEY_BYTES),
  };
}

/** True if all parts have their length and none is all zero, as restic demands of a key. */
export function isUsableKey({ encrypt, macK, macR }: MasterKey): boolean {
  return (
    encrypt.length === ENCRYPT_KEY_BYTES &&
    macK.length === MAC_KEY_BYTES &&
    macR.length === MAC_KEY_BYTES &&
    [encrypt, macK, macR].every((part) => part.some((byte) => byte !== 0))
  );
}

/** `nonce ‖ ciphertext ‖ tag` in memory of its own. */
export function seal(key: MasterKey, plaintext: Uint8Array, nonce: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-ctr', preparedKey(key.encrypt), nonce);
  const sealed = Buffer.allocUnsafeSlow(plaintext.length + SEAL_OVERHEAD_BYTES);
  const ciphertext = cipher.update(plaintext);
  sealed.set(ciphertext, NONCE_BYTES);
  releaseMemory(ciphertext);
  authenticate(sealed, key, nonce);
  return sealed;
}

/** As `sealInto`, of all pieces together, which are never joined. */
export function sealPiecesInto(
  target: Uint8Array,
  { key, pieces, nonce }: { key: MasterKey; pieces: Iterable<Uint8Array>; nonce: Uint8Array },
): void {
  const cipher = createCipheriv('aes-256-ctr', preparedKey(key.encrypt), nonce);
  let at = NONCE_BYTES;
  for (const piece of pieces) {
    const ciphertext = cipher.update(piece);
    target.set(ciphertext, at);
    releaseMemory(ciphertext);
    at += piece.length;
  }
  assertInternal(target.length === at + TAG_BYTES, `a blob is to fill ${target.length} bytes`);
  authenticate(target, key, nonce);
}

/** As `unseal`, in pieces, each good until the next; the tag is proved before the first. */
export function* unsealPieces(
  key: MasterKey,
  sealed: Uint8Array,
  what: string,
): Generator<Uint8Array> {
  const { nonce, ciphertext } = proveTag(key, sealed, what);
  const decipher = createDecipheriv('aes-256-ctr', preparedKey(key.encrypt), nonce);
  for (let at = 0; at < ciphertext.length; at += PIECE_BYTES) {
    const piece = decipher.update(ciphertext.subarray(at, at + PIECE_BYTES));
    yield piece;
    releaseMemory(piece);
  }
}

/** As `seal`, into `target`, which has exactly the size of the result. For many small ones. */
export function sealInto(
  target: Uint8Array,
  { key, plaintext, nonce }: { key: MasterKey; plaintext: Uint8Array; nonce: Uint8Array },
): void {
  const tagAt = NONCE_BYTES + plaintext.length;
  assertInternal(target.length === tagAt + TAG_BYTES, `a blob is to fill ${target.length} bytes`);
  const ciphertext = target.subarray(NONCE_BYTES, tagAt);
  const done = aesLibrary()?.applyCtr(ciphertext, plaintext, { key: key.encrypt, nonce }) ?? false;
  if (!done) {
    const cipher = createCipheriv('aes-256-ctr', preparedKey(key.encrypt), nonce);
    ciphertext.set(cipher.update(plaintext));
  }
  authenticate(target, key, nonce);
}

/** Puts nonce and tag around a ciphertext. */
function authenticate(sealed: Uint8Array, key: MasterKey, nonce: Uint8Array): void {
  const isZero = !nonce.some((byte) => byte !== 0);
  assertInternal(!isZero, 'a nonce is all zero');
  const tagAt = sealed.length - TAG_BYTES;
  sealed.set(nonce, 0);
  const message = sealed.subarray(NONCE_BYTES, tagAt);
  poly1305(sealed.subarray(tagAt), message, oneTimeKeyFor(key, nonce));
}

/**
 * The plaintext again. `what` names the bytes in `FORMAT_TRUNCATED` and `FORMAT_MAC_MISMATCH`;
 * nothing is decrypted before the tag was found right.
 */
export function unseal(key: MasterKey, sealed: Uint8Array, what = 'sealed data'): Uint8Array {
  const { nonce, ciphertext } = proveTag(key, sealed, what);
  return createDecipheriv('aes-256-ctr', preparedKey(key.encrypt), nonce).update(ciphertext);
}

/** As `unseal`, into `target`, which is as long as the plaintext. For many small ones. */
export function unsealInto(
  target: Uint8Array,
  { key, sealed, what }: { key: MasterKey; sealed: Uint8Array; what: string },
): void {
  const { nonce, ciphertext } = proveTag(key, sealed, what);
  assertInternal(target.length === ciphertext.length, `${what} is to fill ${target.length} bytes`);
  const done = aesLibrary()?.applyCtr(target, ciphertext, { key: key.encrypt, nonce }) ?? false;
  if (done) return;
  const decipher = createDecipheriv('aes-256-ctr', preparedKey(key.encrypt), nonce);
  target.set(decipher.update(ciphertext));
}

function proveTag(
  key: MasterKey,
  sealed: Uint8Array,
  what: string,
): { nonce: Uint8Array; ciphertext: Uint8Array } {
  if (sealed.length < SEAL_OVERHEAD_BYTES) {
    throw new KeepsakeError('FORMAT_TRUNCATED', {
      what,
      sizeBytes: sealed.length,
      neededBytes: SEAL_OVERHEAD_BYTES,
    });
  }
  const tagAt = sealed.length - TAG_BYTES;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const ciphertext = sealed.subarray(NONCE_BYTES, tagAt);
  const tag = sealed.subarray(tagAt);
  if (!poly1305Holds(tag, ciphertext, oneTimeKeyFor(key, nonce))) {
    throw new KeepsakeError('FORMAT_MAC_MISMATCH', { what });
  }
  return { nonce, ciphertext };
}

/** The Poly1305-AES tag of `message`, 16 bytes. */
export function poly1305Aes(
  key: Pick<MasterKey, 'macK' | 'macR'>,
  message: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const tag = new Uint8Array(TAG_BYTES);
  poly1305(tag, message, oneTimeKeyFor(key, nonce));
  return tag;
}

const oneTimeKey = new Uint8Array(2 * MAC_KEY_BYTES);

/** A view that the next call overwrites. */
function oneTimeKeyFor(
  { macK, macR }: Pick<MasterKey, 'macK' | 'macR'>,
  nonce: Uint8Array,
): Uint8Array {
  // A part of a block would stay in the cipher and shift all that follow.
  assertInternal(nonce.length === NONCE_BYTES, `a nonce of ${nonce.length} bytes`);
  oneTimeKey.set(macR, 0);
  oneTimeKey.set(blockCipher(macK).update(nonce), MAC_KEY_BYTES);
  return oneTimeKey;
}

// Setting a key up costs more than sealing a small blob with it: 27 µs of 39 at 4 KiB. So it is
// done once a key, which must not change after its first use.
const preparedKeys = new WeakMap<Uint8Array, KeyObject>();
const blockCiphers = new WeakMap<Uint8Array, Cipheriv>();

function preparedKey(key: Uint8Array): KeyObject {
  let prepared = preparedKeys.get(key);
  if (prepared === undefined) {
    prepared = createSecretKey(key);
    preparedKeys.set(key, prepared);
  }
  return prepared;
}

/** AES-128 of single blocks: in ECB mode a cipher keeps nothing from one block to the next. */
function blockCipher(key: Uint8Array): Cipheriv {
  let cipher = blockCiphers.get(key);
  if (cipher === undefined) {
    cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    blockCiphers.set(key, cipher);
  }
  return cipher;
}
