/**
 * The config file: what a repository is. Unpacked (`unpacked.ts`), never compressed, JSON:
 *
 *   {"version":2,"id":"<64 hex digits>","chunker_polynomial":"<lower-case hex>"}
 *
 * Source: restic doc/design.rst § Config, internal/restic/config.go @ a80be14.
 */
import { utf8Encode } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { JsonField, UINT32_MAX } from './json-fields.ts';
import { degree, isIrreducible, POLYNOMIAL_DEGREE } from './polynomial.ts';

export interface RepositoryConfig {
  readonly version: 1 | 2;
  /** Random, 64 hex digits; names the repository in caches. */
  readonly id: string;
  /** Irreducible, of degree 53. */
  readonly chunkerPolynomial: bigint;
}

const HEX_UINT64 = /^[0-9a-fA-F]{1,16}$/;

export function encodeConfigFile(config: RepositoryConfig): Uint8Array {
  const { version, id, chunkerPolynomial } = config;
  const polynomial = chunkerPolynomial.toString(16);
  return utf8Encode(`{"version":${version},"id":"${id}","chunker_polynomial":"${polynomial}"}`);
}

/** Throws `FORMAT_VERSION` for a version we do not know, before anything else is looked at. */
export function decodeConfigFile(bytes: Uint8Array): RepositoryConfig {
  const config = JsonField.parse('config file', bytes);
  const version = config.get('version').integer(0, UINT32_MAX);
  if (version !== 1 && version !== 2) throw new KeepsakeError('FORMAT_VERSION', { version });
  const polynomial = config.get('chunker_polynomial');
  const text = polynomial.text();
  if (!HEX_UINT64.test(text)) polynomial.fail('expected 1 to 16 hex digits');
  const chunkerPolynomial = BigInt(`0x${text}`);
  // Another one cuts files badly or not at all; restic refuses it, too.
  if (degree(chunkerPolynomial) !== POLYNOMIAL_DEGREE || !isIrreducible(chunkerPolynomial)) {
    polynomial.fail(`expected an irreducible polynomial of degree ${POLYNOMIAL_DEGREE}`);
  }
  return { version, id: config.get('id').id(), chunkerPolynomial };
}
