import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { displayRawName } from '../base/raw-name.ts';

/**
 * A refused call to the C library, shaped as the errors of `node:fs` are (`code`, `errno`,
 * `syscall`, `path`), so that callers judge both alike.
 */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  /** As `ENOSPC`. */
  readonly code: string;
  /** Negative, as in `node:fs`. */
  readonly errno: number;
  readonly syscall: string;
  /** Raw name. */
  readonly path: string;

  constructor(syscall: string, path: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${code}: ${getSystemErrorMessage(-errno)}, ${syscall} '${displayRawName(path)}'`);
    this.code = code;
    this.errno = -errno;
    this.syscall = syscall;
    this.path = path;
  }
}

/** The `ENOENT` of a failed system call, of `node:fs` or of libc; `undefined` for other errors. */
export function errnoCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
