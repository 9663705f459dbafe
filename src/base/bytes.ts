/** Bytes are `Uint8Array` in every signature; these are the few conversions all layers share. */

const HEX_ID = /^[0-9a-f]{64}$/;

export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** Decodes lower- or upper-case hex. Throws `RangeError` on an odd length or a foreign character. */
export function fromHex(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'hex');
  if (bytes.length * 2 !== text.length) {
    throw new RangeError(`not hexadecimal: "${text.slice(0, 80)}"`);
  }
  return bytes;
}

/** True for the 64 lower-case hex digits that name every file and blob of a repository. */
export function isHexId(text: string): boolean {
  return HEX_ID.test(text);
}

/** A `Buffer` over the same memory: no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Little-endian, as all numbers in restic's binary structures. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return asBuffer(bytes).readUInt32LE(at);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && asBuffer(a).equals(b);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

export function utf8Encode(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** Decodes UTF-8; a malformed sequence becomes U+FFFD. For names of files use `raw-name.ts`. */
export function utf8Decode(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8');
}

/** The bytes in memory that nothing else lies in, so that it can change hands. */
export function ownMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

/**
 * Gives memory in which nothing else lies back at once: the collector would let 64 MB of it gather
 * first.
 */
export function releaseMemory({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** For people: `1.4 MiB`, `312 B`. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
