/**
 * System calls that Node lacks, for tests: extended attributes, nanosecond times, FIFOs and device
 * nodes. Paths are bytes, because names need not be UTF-8. Apart from `src/` on purpose: it judges it.
 */
import koffi from 'koffi';

const libc = koffi.load(null);
koffi.struct('TestTimespec', { tv_sec: 'int64', tv_nsec: 'int64' });

const utimensat = libc.func('int utimensat(int, const uint8_t *, const TestTimespec *, int)');
const mkfifoCall = libc.func('int mkfifo(const uint8_t *, uint32_t)');
const mknodCall = libc.func('int mknod(const uint8_t *, uint32_t, uint64_t)');
const lsetxattr = libc.func(
  'int lsetxattr(const uint8_t *, const char *, const uint8_t *, size_t, int)',
);
const lgetxattr = libc.func(
  'intptr_t lgetxattr(const uint8_t *, const char *, _Out_ uint8_t *, size_t)',
);
const llistxattr = libc.func('intptr_t llistxattr(const uint8_t *, _Out_ uint8_t *, size_t)');

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const NS_PER_S = 1_000_000_000n;

export type PathBytes = string | Uint8Array;

/** Modification and access time of the entry itself, also of a symlink. */
export function setTimeNs(path: PathBytes, mtimeNs: bigint): void {
  let seconds = mtimeNs / NS_PER_S;
  let nanoseconds = mtimeNs % NS_PER_S;
  if (nanoseconds < 0n) {
    seconds -= 1n;
    nanoseconds += NS_PER_S;
  }
  const time = { tv_sec: seconds, tv_nsec: nanoseconds };
  assertDone(
    utimensat(AT_FDCWD, cString(path), [time, time], AT_SYMLINK_NOFOLLOW),
    'utimensat',
    path,
  );
}

export function makeFifo(path: PathBytes, mode: number): void {
  assertDone(mkfifoCall(cString(path), mode), 'mkfifo', path);
}

/** `kind` is `S_IFBLK`, `S_IFCHR` or `S_IFSOCK`. False where it is not permitted (containers). */
export function tryMakeNode(path: PathBytes, kind: number, device: bigint): boolean {
  return mknodCall(cString(path), kind | 0o600, device) === 0;
}

/** False where the file system has no such attributes. */
export function trySetXattr(path: PathBytes, name: string, value: Uint8Array): boolean {
  return lsetxattr(cString(path), name, Buffer.from(value), value.length, 0) === 0;
}

/** All extended attributes of the entry itself, ordered by name. */
export function readXattrs(path: PathBytes): Map<string, Uint8Array> {
  const names = Buffer.alloc(65_536);
  const length = Number(llistxattr(cString(path), names, names.length));
  const found = new Map<string, Uint8Array>();
  if (length <= 0) return found;
  const list = names.toString('latin1', 0, length).split('\0').filter(Boolean);
  for (const name of list.sort()) {
    const value = Buffer.alloc(65_536);
    const size = Number(lgetxattr(cString(path), name, value, value.length));
    if (size >= 0) found.set(name, value.subarray(0, size));
  }
  return found;
}

function cString(path: PathBytes): Buffer {
  return Buffer.concat([Buffer.from(path as string), Buffer.alloc(1)]);
}

function assertDone(result: unknown, call: string, path: PathBytes): void {
  if (result === 0) return;
  throw new Error(
    `${call} failed with errno ${koffi.errno()} on ${Buffer.from(path as string).toString()}`,
  );
}
