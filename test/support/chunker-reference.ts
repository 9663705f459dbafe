/**
 * The chunker as its definition reads, slow and plain: the fingerprint of each window is computed
 * anew, bit by bit. The oracle for `src/format/chunker.ts`.
 */
import { mod } from '../../src/format/polynomial.ts';

export interface ReferenceLimits {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly averageBits: number;
}

export const RESTIC_LIMITS: ReferenceLimits = {
  minBytes: 512 * 1024,
  maxBytes: 8 * 1024 * 1024,
  averageBits: 20,
};

const WINDOW = 64;

/** The fingerprint of up to 64 bytes: the remainder of the bytes, read as one polynomial. */
export function referenceFingerprint(window: Uint8Array, polynomial: bigint): bigint {
  return mod(BigInt(`0x0${Buffer.from(window).toString('hex')}`), polynomial);
}

/**
 * All chunk lengths of `bytes`. Slides by the textbook: add a byte by `h·x^8 + b`, remove the one
 * that leaves by its own remainder, all in BigInt: about 1 µs a byte and step.
 */
export function referenceChunkLengths(
  bytes: Uint8Array,
  polynomial: bigint,
  limits: ReferenceLimits = RESTIC_LIMITS,
): number[] {
  const lengths: number[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = referenceCut(bytes.subarray(start), polynomial, limits);
    lengths.push(length);
    start += length;
  }
  return lengths;
}

function referenceCut(bytes: Uint8Array, polynomial: bigint, limits: ReferenceLimits): number {
  const { minBytes, maxBytes, averageBits } = limits;
  if (bytes.length <= minBytes) return bytes.length;
  const mask = (1n << BigInt(averageBits)) - 1n;
  const leaving = Array.from({ length: 256 }, (_, byte) => mod(BigInt(byte) << 504n, polynomial));
  let hash = referenceFingerprint(bytes.subarray(minBytes - WINDOW, minBytes), polynomial);
  for (let length = minBytes; ; length += 1) {
    if ((hash & mask) === 0n || length >= maxBytes || length >= bytes.length) return length;
    hash ^= leaving[bytes[length - WINDOW] ?? 0] ?? 0n;
    hash = mod((hash << 8n) | BigInt(bytes[length] ?? 0), polynomial);
  }
}
