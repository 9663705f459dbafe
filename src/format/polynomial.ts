/**
 * Polynomials over GF(2) for the chunker: bit i of the number is the coefficient of x^i.
 *
 * Each repository has its own irreducible polynomial of degree 53, chosen at `init` and stored in
 * the config as hex without leading zeros, so that cuts tell nothing about the content.
 * Source: restic/chunker polynomials.go @ HEAD; M. O. Rabin, "Fingerprinting by Random Polynomials"
 * (1981); Ben-Or's test of irreducibility.
 */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { Random } from '../base/clock.ts';

export const POLYNOMIAL_DEGREE = 53;

/** About 1 in 26 candidates is irreducible; 10,000 misses in a row mean a broken random source. */
const MAX_TRIES = 10_000;

/** A new random irreducible polynomial of degree 53. */
export function generatePolynomial(random: Random): bigint {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const candidate = BigInt.asUintN(POLYNOMIAL_DEGREE + 1, littleEndian(random(8)));
    // The highest bit makes the degree, the lowest keeps x from being a factor.
    const polynomial = candidate | (1n << BigInt(POLYNOMIAL_DEGREE)) | 1n;
    if (isIrreducible(polynomial)) return polynomial;
  }
  return assertInternal(false, 'no irreducible polynomial found') as never;
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Degree; -1 for zero. */
export function degree(polynomial: bigint): number {
  if (polynomial === 0n) return -1;
  const digits = polynomial.toString(16);
  return digits.length * 4 - 1 - (Math.clz32(Number.parseInt(digits.charAt(0), 16)) - 28);
}

/** Ben-Or: for i up to half the degree, x^(2^i) - x has no factor in common with it. */
export function isIrreducible(polynomial: bigint): boolean {
  const half = Math.floor(degree(polynomial) / 2);
  let power = 2n; // x
  for (let i = 1; i <= half; i += 1) {
    power = multiplyMod(power, power, polynomial);
    if (greatestCommonDivisor(polynomial, power ^ 2n) !== 1n) return false;
  }
  return degree(polynomial) >= 1;
}

/** The remainder of a division. */
export function mod(value: bigint, divisor: bigint): bigint {
  const size = degree(divisor);
  let rest = value;
  for (let excess = degree(rest) - size; excess >= 0; excess = degree(rest) - size) {
    rest ^= divisor << BigInt(excess);
  }
  return rest;
}

function multiplyMod(a: bigint, b: bigint, modulus: bigint): bigint {
  let product = 0n;
  for (let bit = degree(b); bit >= 0; bit -= 1) {
    product <<= 1n;
    if (((b >> BigInt(bit)) & 1n) === 1n) product ^= a;
    product = mod(product, modulus);
  }
  return product;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b];
  while (smaller !== 0n) [larger, smaller] = [smaller, mod(larger, smaller)];
  return larger;
}
