/** How much work it is to store a database: whether a second thread is worth its start. */

/**
 * What is only hashed, because it is most likely stored already, counts for less than what is
 * sealed: in the 50 ms that the worker's start takes, one thread reads and hashes 64 MB.
 */
const HASHED_SHARE = 1 / 32;

/** In bytes to be sealed. `knownBytes`: of `sizeBytes`, those of pieces that are stored in their place. */
export function sealingWork(sizeBytes: number, knownBytes: number): number {
  return sizeBytes - knownBytes + knownBytes * HASHED_SHARE;
}
