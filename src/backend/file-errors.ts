/** The system's error codes in the backend's terms. */
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';

export interface FailurePlace {
  readonly location: string;
  /** Relative to the location. */
  readonly file: string;
}

/** The `code` of a system error, or an empty string. */
export function systemCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

const FULL = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota is used up'],
  ['EFBIG', 'the file system takes no file of this size'],
]);
const DENIED = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EROFS', 'the file system is mounted read-only'],
]);
const DEVICE = new Map([
  ['EIO', 'input/output error'],
  ['EUCLEAN', 'the file system is damaged'],
  ['ENXIO', 'the device is gone'],
  ['ENODEV', 'the device is gone'],
]);
const UNREACHABLE = new Map([
  ['ESTALE', 'stale file handle'],
  ['ENOTCONN', 'the mount has lost its connection'],
  ['ETIMEDOUT', 'timed out'],
  ['EHOSTDOWN', 'the host is down'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ECONNRESET', 'the connection was reset'],
  ['EAGAIN', 'temporarily unavailable'],
  ['EBUSY', 'busy'],
  ['EMFILE', 'too many open files'],
  ['ENFILE', 'too many open files on this machine'],
]);

/**
 * What a failed system call means here. `ENOENT` becomes `BACKEND_FILE_NOT_FOUND`: whether the
 * folder is missing too is for the caller to find out. Errors already classified pass unchanged.
 */
export function classifySystemError(error: unknown, place: FailurePlace): unknown {
  if (isKeepsakeError(error)) return error;
  const code = systemCode(error);
  if (code === '') return error;
  const cause = { cause: error };
  if (code === 'ENOENT') return new KeepsakeError('BACKEND_FILE_NOT_FOUND', { ...place }, cause);
  if (code === 'EEXIST') return new KeepsakeError('BACKEND_FILE_EXISTS', { ...place }, cause);
  if (code === 'ENOTDIR') {
    const path = `${place.location}/${place.file}`.replace(/\/[^/]*$/, '');
    return new KeepsakeError('BACKEND_NOT_A_FOLDER', { location: place.location, path }, cause);
  }
  const wordsFrom = (words: ReadonlyMap<string, string>): string | undefined =>
    words.has(code) ? `${words.get(code)} (${code})` : undefined;
  const full = wordsFrom(FULL);
  if (full !== undefined)
    return new KeepsakeError('BACKEND_FULL', { ...place, reason: full }, cause);
  const denied = wordsFrom(DENIED);
  if (denied !== undefined)
    return new KeepsakeError('BACKEND_DENIED', { ...place, reason: denied }, cause);
  const device = wordsFrom(DEVICE);
  if (device !== undefined)
    return new KeepsakeError('BACKEND_DEVICE_FAILED', { ...place, reason: device }, cause);
  const unreachable = wordsFrom(UNREACHABLE);
  if (unreachable !== undefined) {
    const details = { location: place.location, reason: unreachable };
    return new KeepsakeError('BACKEND_UNREACHABLE', details, cause);
  }
  return new KeepsakeError('BACKEND_FAILED', { ...place, reason: (error as Error).message }, cause);
}
