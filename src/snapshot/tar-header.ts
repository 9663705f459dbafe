/**
 * Headers of a tar archive in the pax format. An entry is a ustar block of 512 bytes, before it,
 * where the block cannot hold a field exactly, another block of type `x` with records:
 *
 * | offset | size | field    | content                                                        |
 * | ------ | ---- | -------- | -------------------------------------------------------------- |
 * | 0      | 100  | name     | bytes; a folder's ends with `/`                                |
 * | 100    | 8    | mode     | octal, NUL at the end; permission, setuid, setgid, sticky bits |
 * | 108    | 8    | uid      | octal                                                          |
 * | 116    | 8    | gid      | octal                                                          |
 * | 124    | 12   | size     | octal; 0 for all but regular files                             |
 * | 136    | 12   | mtime    | octal, whole seconds since 1970                                |
 * | 148    | 8    | checksum | sum of all 512 bytes, this field taken as spaces; 6 octal digits, NUL, space |
 * | 156    | 1    | typeflag | `0` file, `1` hard link, `2` symlink, `3` character device, `4` block device, `5` folder, `6` FIFO, `x` records for the next entry |
 * | 157    | 100  | linkname | bytes                                                          |
 * | 257    | 8    | magic    | `ustar`, NUL, `00`                                             |
 * | 265    | 32   | uname    | text                                                           |
 * | 297    | 32   | gname    | text                                                           |
 * | 329    | 8    | devmajor | octal                                                          |
 * | 337    | 8    | devminor | octal                                                          |
 * | 345    | 167  | prefix   | unused                                                         |
 *
 * A record is `<length> <key>=<value>\n`, the length that of the whole record in decimal. Content
 * is padded with NULs to 512 bytes; two blocks of NULs end the archive.
 *
 * Source: POSIX.1-2017, pax; `SCHILY.xattr.` as GNU tar, bsdtar and Go write it. tar-stream 3.1
 * was looked at: it takes names as UTF-8 text only, attributes too, so that it changes other bytes.
 */
import { concatBytes, utf8Encode } from '../base/bytes.ts';
import { encodeRawName } from '../base/raw-name.ts';
import { statModeFromMode } from '../format/file-mode.ts';
import { timeToNs } from '../format/go-time.ts';
import type { Node, NodeType } from '../format/node.ts';

const BLOCK_BYTES = 512;
const NS_PER_SECOND = 1_000_000_000n;
const TYPE_FLAGS: Partial<Record<NodeType, string>> = {
  symlink: '2',
  chardev: '3',
  dev: '4',
  dir: '5',
  fifo: '6',
};

export interface TarEntry {
  /** Raw name of the whole path, without a slash at either end. */
  readonly name: string;
  readonly node: Node;
  /** The entry of the archive that this one is a hard link to. */
  readonly linkTo?: string | undefined;
}

/** All blocks before the entry's content. */
export function encodeTarHeader({ name, node, linkTo }: TarEntry): Uint8Array {
  const file = node.type === 'file' && linkTo === undefined;
  const block = new TarBlock();
  block.name(0, 'path', node.type === 'dir' ? `${name}/` : name);
  block.number({ at: 100, size: 8, key: 'mode' }, BigInt(statModeFromMode(node.mode)));
  block.number({ at: 108, size: 8, key: 'uid' }, BigInt(node.uid));
  block.number({ at: 116, size: 8, key: 'gid' }, BigInt(node.gid));
  block.number({ at: 124, size: 12, key: 'size' }, BigInt(file ? (node.size ?? 0) : 0));
  block.time(node.mtime);
  block.text(156, 1, linkTo === undefined ? (TYPE_FLAGS[node.type] ?? '0') : '1');
  block.name(157, 'linkpath', linkTo ?? node.linkTarget ?? '');
  block.text(265, 32, node.user ?? '', 'uname');
  block.text(297, 32, node.group ?? '', 'gname');
  if (node.device !== undefined) {
    block.number({ at: 329, size: 8, key: '' }, major(node.device));
    block.number({ at: 337, size: 8, key: '' }, minor(node.device));
  }
  for (const { name: key, value } of node.extendedAttributes ?? []) {
    block.record(`SCHILY.xattr.${key}`, value);
  }
  return concatBytes([...encodeRecords(block.records), block.finish()]);
}

export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

export function encodeTarEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK_BYTES);
}

function encodeRecords(records: readonly Uint8Array[]): Uint8Array[] {
  if (records.length === 0) return [];
  const bytes = concatBytes(records);
  const block = new TarBlock();
  block.text(0, 100, 'PaxHeader');
  block.number({ at: 100, size: 8, key: '' }, 0o644n);
  block.number({ at: 108, size: 8, key: '' }, 0n);
  block.number({ at: 116, size: 8, key: '' }, 0n);
  block.number({ at: 124, size: 12, key: '' }, BigInt(bytes.length));
  block.number({ at: 136, size: 12, key: '' }, 0n);
  block.text(156, 1, 'x');
  return [block.finish(), bytes, tarPadding(bytes.length)];
}

/** One ustar block; what does not fit becomes a pax record. */
class TarBlock {
  readonly records: Uint8Array[] = [];
  readonly #bytes = new Uint8Array(BLOCK_BYTES);

  name(at: number, key: string, name: string): void {
    const bytes = encodeRawName(name);
    this.#bytes.set(bytes.subarray(0, 100), at);
    // A record is UTF-8 by definition; a short name in other bytes is best left as it is.
    const notAscii = bytes.some((byte) => byte >= 0x80);
    if (bytes.length > 100 || (notAscii && name.isWellFormed())) this.record(key, bytes);
  }

  text(at: number, size: number, text: string, key = ''): void {
    const bytes = utf8Encode(text);
    this.#bytes.set(bytes.subarray(0, size), at);
    if (key !== '' && bytes.length >= size) this.record(key, bytes);
  }

  number({ at, size, key }: { at: number; size: number; key: string }, value: bigint): void {
    const digits = value.toString(8).padStart(size - 1, '0');
    const fits = value >= 0n && digits.length === size - 1;
    this.text(at, size - 1, fits ? digits : '0'.repeat(size - 1));
    if (!fits && key !== '') this.record(key, utf8Encode(value.toString()));
  }

  time(time: string): void {
    const ns = timeToNs(time);
    const fraction = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
    this.number({ at: 136, size: 12, key: '' }, (ns - fraction) / NS_PER_SECOND);
    if (fraction !== 0n || ns < 0n) this.record('mtime', utf8Encode(decimalSeconds(ns)));
  }

  record(key: string, value: Uint8Array): void {
    const rest = concatBytes([utf8Encode(` ${key}=`), value, utf8Encode('\n')]);
    let length = rest.length;
    while (length < rest.length + String(length).length) length += 1;
    this.records.push(concatBytes([utf8Encode(String(length)), rest]));
  }

  finish(): Uint8Array {
    this.text(257, 8, 'ustar\u000000');
    this.text(148, 8, ' '.repeat(8));
    const sum = this.#bytes.reduce((total, byte) => total + byte, 0);
    this.text(148, 8, `${sum.toString(8).padStart(6, '0')}\0 `);
    return this.#bytes;
  }
}

/** As `-1.5`: exact, and without a fraction where there is none. */
function decimalSeconds(ns: bigint): string {
  const magnitude = ns < 0n ? -ns : ns;
  const fraction = (magnitude % NS_PER_SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  const whole = `${ns < 0n ? '-' : ''}${magnitude / NS_PER_SECOND}`;
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** glibc's `gnu_dev_major`: 12 low bits, then 20 high ones. */
function major(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
}

function minor(device: bigint): bigint {
  return (device & 0xffn) | ((device >> 12n) & ~0xffn);
}
