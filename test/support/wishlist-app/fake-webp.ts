/**
 * A picture file that is a valid RIFF container and does not compress, like a real WebP.
 *
 * | offset | size | field                                                            |
 * | 0      | 4    | "RIFF"                                                           |
 * | 4      | 4    | size of the file less 8, little-endian                           |
 * | 8      | 4    | "WEBP"                                                           |
 * | 12     | 4    | "VP8 "                                                           |
 * | 16     | 4    | size of the payload, even                                        |
 * | 20     | n-32 | payload                                                          |
 * | 20+n-32| 32   | SHA-256 of all that precedes, absent in a tiny one               |
 *
 * Source: developers.google.com/speed/webp/docs/riff_container.
 */
import { createHash } from 'node:crypto';
import type { SeededRandom } from './seeded-random.ts';

const HEADER_BYTES = 20;
const HASH_BYTES = 32;

export function makeFakeWebp(random: SeededRandom, sizeBytes: number): Uint8Array {
  const payloadBytes = Math.max(sizeBytes - HEADER_BYTES, 4) & ~1;
  const file = Buffer.alloc(HEADER_BYTES + payloadBytes);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WEBPVP8 ', 8, 'latin1');
  file.writeUInt32LE(payloadBytes, 16);
  file.set(random.bytes(payloadBytes), HEADER_BYTES);
  if (payloadBytes >= HASH_BYTES) file.set(hashOf(file), file.length - HASH_BYTES);
  return file;
}

function hashOf(file: Buffer): Uint8Array {
  return createHash('sha256').update(file.subarray(0, -HASH_BYTES)).digest();
}

/** False for a file that was cut off while it was written, or that mixes two states. */
export function isWholeWebp(file: Uint8Array): boolean {
  const bytes = Buffer.from(file);
  return (
    bytes.length >= HEADER_BYTES &&
    bytes.toString('latin1', 0, 4) === 'RIFF' &&
    bytes.readUInt32LE(4) === bytes.length - 8 &&
    bytes.toString('latin1', 8, 12) === 'WEBP' &&
    (bytes.length < HEADER_BYTES + HASH_BYTES || bytes.subarray(-HASH_BYTES).equals(hashOf(bytes)))
  );
}
