import { getSystemErrorMap } from 'node:util';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { errnoCode } from '../host/system-call-error.ts';

export interface FailedCall {
  /** As `EACCES`. */
  readonly errno: string;
  /** For people: `permission denied (EACCES)`. */
  readonly reason: string;
}

/** What the system answered; anything else thrown is not ours to judge and is thrown on. */
export function failedCall(error: unknown): FailedCall {
  const errno = errnoCode(error);
  if (errno === undefined) throw error;
  const number = (error as NodeJS.ErrnoException).errno ?? 0;
  const words = getSystemErrorMap().get(number)?.[1] ?? 'the system refused';
  return { errno, reason: `${words} (${errno})` };
}

export function unreadable(path: string, cause: unknown): KeepsakeError<'SOURCE_UNREADABLE'> {
  return new KeepsakeError('SOURCE_UNREADABLE', { path, ...failedCall(cause) }, { cause });
}

/** The entry, or a folder above it, is no longer there. */
export function isGone(error: unknown): boolean {
  return errnoCode(error) === 'ENOENT';
}
