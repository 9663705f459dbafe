/** Who holds a lock, and whether that process can still be alive. */
import type { LockFile } from '../format/lock-file.ts';

/** What a process knows of itself and its neighbours; composed in `main.ts`. */
export interface ProcessFacts {
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** `readlink /proc/self/ns/pid`; absent where it cannot be told. */
  readonly pidNamespace?: string | undefined;
  /** Whether a process of this host and PID namespace is alive. */
  readonly isAlive: (pid: number) => boolean;
}

/** restic calls a lock stale after this time (restic internal/repository/lock_file.go). */
export const STALE_AGE_MS = 30 * 60_000;

/**
 * True only when it is certain: the lock names this host and this PID namespace, and no process has
 * its PID. In another namespace (a container) the same PID means another process.
 */
export function isCertainlyDead(lock: LockFile, self: ProcessFacts): boolean {
  return (
    lock.hostname === self.hostname &&
    lock.pidNamespace !== undefined &&
    lock.pidNamespace === self.pidNamespace &&
    !self.isAlive(lock.pid)
  );
}

export function isOld(lock: LockFile, now: Date): boolean {
  return now.getTime() - Date.parse(lock.time) > STALE_AGE_MS;
}

export function describeHolder(lock: LockFile): string {
  return `PID ${lock.pid} of ${lock.username || 'unknown user'} on ${lock.hostname || 'unknown host'}`;
}

/** `3 min ago (2026-11-22 10:00:00 UTC)` */
export function describeAge(time: string, now: Date): string {
  const at = new Date(time);
  const seconds = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000));
  const ago =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} min`
        : `${Math.round(seconds / 3600)} h`;
  return `${ago} ago (${at.toISOString().slice(0, 19).replace('T', ' ')} UTC)`;
}
