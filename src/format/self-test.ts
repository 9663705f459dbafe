/**
 * What must hold before a single byte is trusted to this machine and this installation: the
 * primitives and the chunker give known answers. About 10 ms the first
 * time, most of it the chunker's scan.
 *
 * Sources: seal, restic internal/repository/crypto/crypto_int_test.go @ a80be14; Poly1305-AES,
 * appendix B of the paper; SHA-256, FIPS 180-4; the zstd frame, the program zstd 1.5.4.
 */
import { equalBytes, fromHex, utf8Encode } from '../base/bytes.ts';
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { blobId } from './blob.ts';
import { chunkerSelfTest } from './chunker.ts';
import { compress, decompress } from './compression.ts';
import { NONCE_BYTES, poly1305Aes, seal, unseal, type MasterKey } from './crypto.ts';

const SEAL_KEY: MasterKey = {
  encrypt: fromHex('303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef'),
  macK: fromHex('ef4d8824cb80b2bcc5fbff8a9b12a42c'),
  macR: fromHex('cc8d4b948ee0ebfe1d415de921d10353'),
};
const SEAL_PLAINTEXT = utf8Encode('Dies ist ein Test!');

const MAC_KEY = {
  macK: fromHex('6acb5f61a7176dd320c5c1eb2edcdc74'),
  macR: fromHex('48443d0bb0d21109c89a100b5ce2c208'),
};
const MAC_NONCE = fromHex('ae212a55399729595dea458bc621ff0e');
const MAC_MESSAGE = fromHex('663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136');

const ZSTD_PLAINTEXT = utf8Encode('keepsake '.repeat(40));

export interface KnownAnswers {
  readonly poly1305: string;
  readonly sealed: string;
  readonly sha256: string;
  readonly zstdFrame: string;
}

export const KNOWN_ANSWERS: KnownAnswers = {
  poly1305: '0ee1c16bb73f0f4fd19881753c01cdbe',
  sealed:
    '69fb41c62d12def4593bd71757138606338f621aeaeb39da0fe4f99233f8037a54ea63338a813bcf3f75d8c3cc75dddf8750',
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  zstdFrame: '28b52ffd0058850000486b65657073616b652001005c54cb11',
};

/** Throws `FORMAT_SELF_TEST` with the first primitive that is wrong. */
export function runSelfTest(answers: KnownAnswers = KNOWN_ANSWERS): void {
  const checks: readonly (readonly [what: string, holds: (answers: KnownAnswers) => boolean])[] = [
    ['Poly1305-AES', macHolds],
    ['AES-256-CTR', sealHolds],
    ['the detection of a changed byte', tamperingShows],
    ['SHA-256', ({ sha256 }) => blobId(utf8Encode('abc')) === sha256],
    ['zstd', zstdHolds],
  ];
  for (const [what, holds] of checks) {
    if (!holds(answers)) throw new KeepsakeError('FORMAT_SELF_TEST', { what });
  }
  try {
    chunkerSelfTest();
  } catch (cause) {
    throw new KeepsakeError('FORMAT_SELF_TEST', { what: 'the chunker' }, { cause });
  }
}

function macHolds({ poly1305 }: KnownAnswers): boolean {
  return equalBytes(poly1305Aes(MAC_KEY, MAC_MESSAGE, MAC_NONCE), fromHex(poly1305));
}

function sealHolds({ sealed }: KnownAnswers): boolean {
  const expected = fromHex(sealed);
  const actual = seal(SEAL_KEY, SEAL_PLAINTEXT, expected.subarray(0, NONCE_BYTES));
  return equalBytes(actual, expected) && equalBytes(unseal(SEAL_KEY, actual), SEAL_PLAINTEXT);
}

function tamperingShows({ sealed }: KnownAnswers): boolean {
  const changed = Uint8Array.from(fromHex(sealed));
  changed[NONCE_BYTES] = (changed[NONCE_BYTES] ?? 0) ^ 1;
  try {
    unseal(SEAL_KEY, changed);
    return false;
  } catch (error) {
    return isKeepsakeError(error, 'FORMAT_MAC_MISMATCH');
  }
}

function zstdHolds({ zstdFrame }: KnownAnswers): boolean {
  const frames = [fromHex(zstdFrame), compress(ZSTD_PLAINTEXT)];
  return frames.every((frame) => {
    try {
      const sizeBytes = ZSTD_PLAINTEXT.length;
      const options = { what: 'self-test', maxSizeBytes: sizeBytes, sizeBytes };
      return equalBytes(decompress(frame, options), ZSTD_PLAINTEXT);
    } catch {
      return false; // which answer was wrong is all that is asked
    }
  });
}
