import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { LoadOptions } from './backend.ts';
import type { FailurePlace } from './file-errors.ts';

/**
 * The bytes `[start, end)` that a load asks for of a file of `sizeBytes`. Throws
 * `BACKEND_SHORT_FILE` if the file ends sooner. An offset at the very end gives an empty range.
 */
export function resolveRange(
  sizeBytes: number,
  { offsetBytes = 0, lengthBytes }: LoadOptions,
  place: FailurePlace,
): { start: number; end: number } {
  const wantedBytes = offsetBytes + (lengthBytes ?? 0);
  if (wantedBytes > sizeBytes)
    throw new KeepsakeError('BACKEND_SHORT_FILE', { ...place, sizeBytes, wantedBytes });
  return { start: offsetBytes, end: lengthBytes === undefined ? sizeBytes : wantedBytes };
}

/** The part of `bytes` that a load asks for, over the same memory. */
export function sliceRange(
  bytes: Uint8Array,
  options: LoadOptions,
  place: FailurePlace,
): Uint8Array {
  const { start, end } = resolveRange(bytes.byteLength, options, place);
  return bytes.subarray(start, end);
}
