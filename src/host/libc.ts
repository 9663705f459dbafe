/**
 * The calls of the C library that Node's `fs` lacks: extended attributes, times to the nanosecond,
 * FIFOs and device nodes, a sync of one file system. None of them follows a symbolic link.
 *
 * koffi is loaded at the first call, not with this module: it takes about 20 ms, and most commands
 * need none of this. Layouts are those of 64-bit Linux, all that Node 24 is built for.
 */
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type Koffi from 'koffi';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, encodeRawName } from '../base/raw-name.ts';
import { SystemCallError } from './system-call-error.ts';

const { ENODATA, ENOENT, ENOSYS, EOPNOTSUPP, ERANGE, EINVAL } = constants.errno;
const AT_FDCWD = -100; // <fcntl.h>
const AT_SYMLINK_NOFOLLOW = 0x100;
const XATTR_MAX_BYTES = 65_536; // XATTR_SIZE_MAX and XATTR_LIST_MAX of <linux/limits.h>
const NS_PER_SECOND = 1_000_000_000n;

type Call = (...args: unknown[]) => number;

interface Libc {
  readonly errno: () => number;
  readonly llistxattr: Call;
  readonly lgetxattr: Call;
  readonly lsetxattr: Call;
  readonly lremovexattr: Call;
  readonly utimensat: Call;
  readonly futimens: Call;
  readonly mkfifo: Call;
  readonly mknod: Call;
  readonly syncfs: Call;
  readonly mount: Call;
  readonly socket: Call;
  readonly ioctl: Call;
  readonly close: Call;
  /** These two are not in every C library. */
  readonly mallopt: Call | undefined;
  readonly mallocTrim: Call | undefined;
  readonly madvise: Call;
  readonly addressOf: (memory: Uint8Array) => bigint;
}

let loaded: Libc | undefined;
let scratch: Uint8Array | undefined;

/** From <malloc.h> of glibc. */
const M_MMAP_THRESHOLD = -3;
const LARGE_BYTES = 1 << 20;

/**
 * Has memory in large pieces go back to the system when it is freed. By itself glibc raises the
 * limit to the size of the largest piece it saw freed, and keeps what is below: two packs of 16 MiB
 * and what lies between them.
 */
export function returnLargeMemory(): void {
  libc().mallopt?.(M_MMAP_THRESHOLD, LARGE_BYTES);
}

/** From <sys/mman.h> of Linux. */
const MADV_HUGEPAGE = 14;
const PAGE_BYTES = 4096n;

/**
 * Has the kernel give this memory in pieces of 2 MiB, if it has any, instead of 4 KiB at each first
 * touch: 3 instead of 14 ms for a pack. Only advice: nothing is said if it is not taken.
 */
export function wantHugePages(memory: Uint8Array): void {
  const { madvise, addressOf } = libc();
  const begin = addressOf(memory);
  const at = (begin + PAGE_BYTES - 1n) & -PAGE_BYTES;
  const end = (begin + BigInt(memory.byteLength)) & -PAGE_BYTES;
  if (end > at) madvise(at, end - at, MADV_HUGEPAGE);
}

/**
 * Gives back what is free among the small pieces in use. glibc keeps it, in an arena for every
 * thread: 20 MB in a first backup of 200,000 files. Takes about a millisecond.
 */
export function returnSmallMemory(): void {
  libc().mallocTrim?.(0);
}

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
  scratch ??= new Uint8Array(XATTR_MAX_BYTES);
  let buffer = scratch;
  let length = call(buffer, buffer.length);
  // Only file systems outside the kernel's own limits come here.
  while (length < 0 && libc().errno() === ERANGE && buffer.length < 64 * XATTR_MAX_BYTES) {
    buffer = new Uint8Array(buffer.length * 2);
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

function libc(): Libc {
  loaded ??= loadLibc();
  return loaded;
}

function loadLibc(): Libc {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    // `null` finds the symbols of the C library this process already runs on, glibc or musl.
    const library = koffi.load(null);
    const bind = (definition: string): Call => library.func(definition) as Call;
    return {
      errno: () => koffi.errno(),
      llistxattr: bind('intptr_t llistxattr(void *path, void *list, size_t size)'),
      lgetxattr: bind('intptr_t lgetxattr(void *path, void *name, void *value, size_t size)'),
      lsetxattr: bind('int lsetxattr(void *path, void *name, void *value, size_t size, int flags)'),
      lremovexattr: bind('int lremovexattr(void *path, void *name)'),
      utimensat: bind('int utimensat(int dirfd, void *path, void *times, int flags)'),
      futimens: bind('int futimens(int fd, void *times)'),
      mkfifo: bind('int mkfifo(void *path, uint32_t mode)'),
      mknod: bindMknod(bind),
      syncfs: bind('int syncfs(int fd)'),
      mount: bind(
        'int mount(void *source, void *target, void *type, unsigned long flags, void *data)',
      ),
      socket: bind('int socket(int domain, int type, int protocol)'),
      ioctl: bind('int ioctl(int fd, unsigned long request, void *argument)'),
      close: bind('int close(int fd)'),
      mallopt: bindIfThere(bind, 'int mallopt(int param, int value)'),
      madvise: bind('int madvise(uintptr_t address, size_t length, int advice)'),
      addressOf: (memory) => koffi.address(memory),
      mallocTrim: bindIfThere(bind, 'int malloc_trim(size_t pad)'),
    };
  } catch (cause) {
    throw new KeepsakeError('HOST_LIBC_UNAVAILABLE', { cause: String(cause) }, { cause });
  }
}

function bindIfThere(bind: (definition: string) => Call, definition: string): Call | undefined {
  try {
    return bind(definition);
  } catch {
    return undefined;
  }
}

/** glibc before 2.33 (Debian 11) has `mknod` only as an inline function over `__xmknod`. */
function bindMknod(bind: (definition: string) => Call): Call {
  try {
    return bind('int mknod(void *path, uint32_t mode, uint64_t device)');
  } catch {
    const xmknod = bind('int __xmknod(int version, void *path, uint32_t mode, void *device)');
    return (path, mode, device) => xmknod(0, path, mode, BigUint64Array.of(device as bigint));
  }
}
