/**
 * The C library through koffi, which is loaded at the first call, not with this module: it takes
 * about 20 ms, and most commands need none of this. Layouts are those of 64-bit Linux, all that Node
 * 24 is built for.
 */
import { createRequire } from 'node:module';
import type Koffi from 'koffi';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';

type Call = (...args: unknown[]) => number;

export interface Libc {
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
  readonly fallocate: Call;
  readonly addressOf: (memory: Uint8Array) => bigint;
}

let loaded: Libc | undefined;

/** Throws `HOST_LIBC_UNAVAILABLE`. */
export function libc(): Libc {
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
      fallocate: bindFallocate(bind),
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

/** glibc has offsets of 64 bits under another name where `off_t` has 32. */
function bindFallocate(bind: (definition: string) => Call): Call {
  const definition = (name: string): string =>
    `int ${name}(int fd, int mode, int64_t offset, int64_t size)`;
  return bindIfThere(bind, definition('fallocate64')) ?? bind(definition('fallocate'));
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
