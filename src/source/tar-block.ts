/**
 * The header block of a tar member, as every tar since Unix v7 wrote it. Fields as in
 * `snapshot/tar-header.ts`, and where old ones differ:
 *
 * | offset | size | field    | differs                                                          |
 * | ------ | ---- | -------- | ---------------------------------------------------------------- |
 * | 124    | 12   | size     | and other numbers: GNU base 256 if the first bit is set, big-endian, two's complement |
 * | 148    | 8    | checksum | old tars summed signed bytes                                     |
 * | 156    | 1    | typeflag | NUL as `0`; `7` as `0`; a name that ends with `/` is a folder    |
 * | 257    | 8    | magic    | `ustar`, NUL, `00` POSIX; `ustar`, two spaces, NUL GNU; none v7  |
 * | 345    | 155  | prefix   | POSIX only: the name's folders; GNU keeps other things there     |
 *
 * Source: POSIX.1-2017, pax; GNU tar 1.35 manual, "Basic Tar Format" and src/tar.h.
 */
import { decodeRawName } from '../base/raw-name.ts';

export const TAR_BLOCK_BYTES = 512;

export interface TarBlock {
  readonly name: string;
  readonly stMode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly typeflag: string;
  readonly linkName: string;
  readonly user: string;
  readonly group: string;
  readonly device: bigint;
}

const NS_PER_SECOND = 1_000_000_000n;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** `undefined` for what is no header: its checksum is wrong, or a number cannot be read. */
export function decodeTarBlock(block: Uint8Array): TarBlock | undefined {
  const numberAt = (at: number, size: number) => decodeNumber(block.subarray(at, at + size));
  const sum = numberAt(CHECKSUM_AT, CHECKSUM_BYTES);
  if (sum === undefined || !checksums(block).includes(sum)) return undefined;
  const numbers = [numberAt(100, 8), numberAt(108, 8), numberAt(116, 8), numberAt(124, 12)];
  const [stMode, uid, gid, sizeBytes] = numbers;
  const mtime = numberAt(136, 12);
  if (stMode === undefined || uid === undefined || gid === undefined) return undefined;
  if (sizeBytes === undefined || sizeBytes < 0n || mtime === undefined) return undefined;
  const typeflag = String.fromCharCode(block[156] ?? 0);
  return {
    name: nameOf(block),
    stMode: Number(stMode) & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    sizeBytes: Number(sizeBytes),
    mtimeNs: mtime * NS_PER_SECOND,
    typeflag: typeflag === '\0' ? '0' : typeflag,
    linkName: textAt(block, 157, 100),
    user: textAt(block, 265, 32),
    group: textAt(block, 297, 32),
    device: makeDevice(numberAt(329, 8) ?? 0n, numberAt(337, 8) ?? 0n),
  };
}

function nameOf(block: Uint8Array): string {
  const name = textAt(block, 0, 100);
  const isPosix = Buffer.from(block.subarray(257, 263)).toString('latin1') === 'ustar\0';
  const prefix = isPosix ? textAt(block, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textAt(block: Uint8Array, at: number, size: number): string {
  return decodeRawName(untilNul(block.subarray(at, at + size)));
}

export function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

const SPACE = 0x20;
const DIGIT_0 = 0x30;
const DIGIT_7 = 0x37;

/** Octal digits, perhaps between spaces, up to a NUL. An empty field is 0, as GNU tar reads it. */
export function decodeNumber(field: Uint8Array): bigint | undefined {
  if ((field[0] ?? 0) >= 0x80) return decodeBase256(field);
  let value = 0;
  let digits: 'before' | 'in' | 'after' = 'before';
  for (let at = 0; at < field.length && field[at] !== 0; at += 1) {
    const byte = field[at] ?? 0;
    if (byte === SPACE) {
      if (digits === 'in') digits = 'after';
      continue;
    }
    if (digits === 'after' || byte < DIGIT_0 || byte > DIGIT_7) return undefined;
    digits = 'in';
    value = value * 8 + byte - DIGIT_0;
  }
  return BigInt(value);
}

function decodeBase256(field: Uint8Array): bigint {
  const bits = BigInt(field.length * 8 - 1);
  const all = BigInt(`0x${Buffer.from(field).toString('hex')}`);
  // The first bit only says that this is base 256; the second one is the sign.
  return BigInt.asIntN(Number(bits), all & ((1n << bits) - 1n));
}

function checksums(block: Uint8Array): bigint[] {
  let unsigned = 0;
  let signed = 0;
  // By index: an iterator's pairs would be half of the work of reading an archive.
  for (let at = 0; at < block.length; at += 1) {
    const byte = block[at] ?? 0;
    const isSum = at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_BYTES;
    const value = isSum ? 0x20 : byte;
    unsigned += value;
    signed += value >= 0x80 ? value - 0x100 : value;
  }
  return [BigInt(unsigned), BigInt(signed)];
}

/** glibc's `gnu_dev_makedev`. */
function makeDevice(major: bigint, minor: bigint): bigint {
  return (
    (minor & 0xffn) |
    ((major & 0xfffn) << 8n) |
    ((minor & ~0xffn) << 12n) |
    ((major & ~0xfffn) << 32n)
  );
}
