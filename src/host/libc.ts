/**
 * The calls of the C library that Node's `fs` lacks: extended attributes, times to the nanosecond,
 * FIFOs and device nodes, a sync of one file system. None of them follows a symbolic link.
 */
import { constants } from 'node:os';
import { decodeRawName, encodeRawName } from '../base/raw-name.ts';
import { libc } from './load-libc.ts';
import { SystemCallError } from './system-call-error.ts';

const { ENODATA, ENOENT, ENOSYS, EOPNOTSUPP, ERANGE, EINVAL } = constants.errno;
const AT_FDCWD = -100; // <fcntl.h>
const AT_SYMLINK_NOFOLLOW = 0x100;
/** The kernel allocates as much as it is offered: 64 KiB for nothing took a quarter of the call. */
const XATTR_USUAL_BYTES = 1024;
const XATTR_MAX_BYTES = 65_536; // XATTR_SIZE_MAX and XATTR_LIST_MAX of <linux/limits.h>
const NS_PER_SECOND = 1_000_000_000n;

let scratch: Uint8Array | undefined;

/** Names of the extended attributes; none where the file system has no such thing. */
export function listXattrs(path: string): string[] {
  const { llistxattr } = libc();
  const found = fill('llistxattr', path, [EOPNOTSUPP, ENOSYS], (buffer, sizeBytes) =>
    llistxattr(terminated(path), buffer, sizeBytes),
  );
  return found === undefined || found.length === 0 ? [] : splitNames(found);
}

/** `undefined` when there is no such attribute (any more). */
export function getXattr(path: string, name: string): Uint8Array | undefined {
  const { lgetxattr } = libc();
  const found = fill('lgetxattr', path, [ENODATA, EOPNOTSUPP], (buffer, sizeBytes) =>
    lgetxattr(terminated(path), terminated(name), buffer, sizeBytes),
  );
  return found === undefined ? undefined : new Uint8Array(found);
}

export function setXattr(path: string, name: string, value: Uint8Array): void {
  const { lsetxattr } = libc();
  check('lsetxattr', path, lsetxattr(terminated(path), terminated(name), value, value.length, 0));
}

export function removeXattr(path: string, name: string): void {
  const { lremovexattr } = libc();
  check('lremovexattr', path, lremovexattr(terminated(path), terminated(name)));
}

/** Nanoseconds since 1970, negative before. Sets the link's own times if `path` is a link. */
export function setTimesNs(path: string, atimeNs: bigint, mtimeNs: bigint): void {
  const times = timesOf(atimeNs, mtimeNs);
  const { utimensat } = libc();
  check('utimensat', path, utimensat(AT_FDCWD, terminated(path), times, AT_SYMLINK_NOFOLLOW));
}

/** As `setTimesNs`, of an open file, which saves the kernel the way to it. `path` is for messages. */
export function setOpenTimesNs(
  file: { fd: number; path: string },
  atimeNs: bigint,
  mtimeNs: bigint,
): void {
  setOpenTimes(file, timesOf(atimeNs, mtimeNs));
}

export const TIMES_FIELDS = 4;

/** As the C library takes both times: seconds and nanoseconds of each. */
export function timesOf(atimeNs: bigint, mtimeNs: bigint): BigInt64Array {
  return BigInt64Array.of(...timespec(atimeNs), ...timespec(mtimeNs));
}

/** @param times of `timesOf` */
export function setOpenTimes(
  { fd, path }: { fd: number; path: string },
  times: BigInt64Array,
): void {
  check('futimens', path, libc().futimens(fd, times));
}

/** `mode` is the permission bits; the umask takes its share. */
export function makeFifo(path: string, mode: number): void {
  check('mkfifo', path, libc().mkfifo(terminated(path), mode & 0o7777));
}

/** `mode` is an `st_mode` with its type (`S_IFCHR`, `S_IFBLK`, …), `device` an `st_rdev`. */
export function makeNode(path: string, mode: number, device: bigint): void {
  check('mknod', path, libc().mknod(terminated(path), mode, device));
}

/**
 * All that was written to the file system of the open `fd` is on the disk itself when it returns;
 * far quicker than one fsync for each of many files. Linux 5.8 and later also tell of failed writes.
 */
export function syncFileSystem({ fd, path }: { fd: number; path: string }): void {
  check('syncfs', path, libc().syncfs(fd));
}

/** `flags` of mount(2). Only ever called in a mount namespace of its own. */
export function mountPath(source: string, target: string, flags: number): void {
  check('mount', target, libc().mount(terminated(source), terminated(target), null, flags, null));
}

// <linux/if.h>, <linux/sockios.h>: struct ifreq is a name of 16 bytes, then the flags; 40 in all.
const IFREQ_BYTES = 40;
const IFREQ_FLAGS_AT = 16;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const AF_INET = 2;
const SOCK_DGRAM = 2;

/** In a network namespace of its own the loopback is down at first. */
export function bringUpLoopback(): void {
  const { socket, ioctl, close } = libc();
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  check('socket', 'lo', fd);
  try {
    const request = Buffer.alloc(IFREQ_BYTES);
    request.write('lo', 'latin1');
    check('ioctl', 'lo', ioctl(fd, SIOCGIFFLAGS, request));
    const isUp = request.readUInt16LE(IFREQ_FLAGS_AT) | IFF_UP;
    request.writeUInt16LE(isUp, IFREQ_FLAGS_AT);
    check('ioctl', 'lo', ioctl(fd, SIOCSIFFLAGS, request));
  } finally {
    close(fd);
  }
}

/** Where `call` puts its bytes; `undefined` for an error of `absent`. */
function fill(
  syscall: string,
  path: string,
  absent: readonly number[],
  call: (buffer: Uint8Array, sizeBytes: number) => number,
): Uint8Array | undefined {
  scratch ??= new Uint8Array(XATTR_USUAL_BYTES);
  let buffer = scratch;
  let length = call(buffer, buffer.length);
  // More than the kernel's own limits only on file systems outside of it.
  while (length < 0 && libc().errno() === ERANGE && buffer.length < 64 * XATTR_MAX_BYTES) {
    buffer = new Uint8Array(Math.max(XATTR_MAX_BYTES, buffer.length * 2));
    length = call(buffer, buffer.length);
  }
  if (length < 0 && absent.includes(libc().errno())) return undefined;
  check(syscall, path, length);
  return buffer.subarray(0, length);
}

function splitNames(list: Uint8Array): string[] {
  const names: string[] = [];
  for (let start = 0; start < list.length;) {
    const end = list.indexOf(0, start);
    names.push(decodeRawName(list.subarray(start, end)));
    start = end + 1;
  }
  return names;
}

function timespec(timeNs: bigint): [bigint, bigint] {
  const nanoseconds = ((timeNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  return [(timeNs - nanoseconds) / NS_PER_SECOND, nanoseconds];
}

/** The bytes with the final NUL of a C string. */
function terminated(name: string): Uint8Array {
  if (name.includes('\0')) throw new SystemCallError('path', name, EINVAL);
  if (name === '') throw new SystemCallError('path', name, ENOENT);
  return encodeRawName(`${name}\0`);
}

function check(syscall: string, path: string, result: number): void {
  if (result < 0) throw new SystemCallError(syscall, path, libc().errno());
}
