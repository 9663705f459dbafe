import { accessSync, constants, mkdirSync, realpathSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { assertInternal, describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { errnoCode } from '../host/system-call-error.ts';

const { W_OK, X_OK } = constants;

export interface TargetOptions {
  target: string;
  allowRoot?: boolean | undefined;
  dryRun?: boolean | undefined;
}

/**
 * Makes the folder to restore to, unless it is there, and gives its real path. A dry run makes
 * nothing and looks at the nearest folder that exists.
 */
export function prepareTarget({ target, allowRoot, dryRun }: TargetOptions): string {
  assertInternal(target.startsWith('/'), `restore target ${target} is not absolute`);
  const path = posix.normalize(target);
  assertNotRoot(path, allowRoot);
  try {
    if (dryRun !== true) mkdirSync(fsPath(path), { recursive: true, mode: 0o700 });
    const present = nearestExisting(path);
    const real = decodeRawName(realpathSync(fsPath(present), { encoding: 'buffer' }));
    const whole = posix.join(real, path.slice(present.length));
    assertNotRoot(whole, allowRoot);
    assertUsable(path, real);
    return whole.length > 1 && whole.endsWith('/') ? whole.slice(0, -1) : whole;
  } catch (cause) {
    if (cause instanceof KeepsakeError) throw cause;
    throw unusable(path, whyNot(cause), cause);
  }
}

function assertNotRoot(path: string, allowRoot: boolean | undefined): void {
  if (path === '/' && allowRoot !== true) {
    throw new KeepsakeError('RESTORE_TARGET_IS_ROOT', { target: path });
  }
}

function assertUsable(target: string, real: string): void {
  if (!statSync(fsPath(real)).isDirectory()) throw unusable(target, 'it is not a folder');
  accessSync(fsPath(real), W_OK | X_OK);
}

function nearestExisting(path: string): string {
  for (let at = path; at !== '/'; at = posix.dirname(at)) {
    if (statSync(fsPath(at), { throwIfNoEntry: false }) !== undefined) return at;
  }
  return '/';
}

const REASONS: Record<string, string> = {
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EEXIST: 'it is not a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'the disk is full',
  ELOOP: 'its symbolic links go round in a circle',
};

function whyNot(error: unknown): string {
  return REASONS[errnoCode(error) ?? ''] ?? describeCause(error);
}

function unusable(target: string, why: string, cause?: unknown): KeepsakeError {
  return new KeepsakeError('RESTORE_TARGET_UNUSABLE', { target, why }, { cause });
}
