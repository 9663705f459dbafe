/**
 * The kernel's timestamps move in ticks (4 ms at 250 Hz, at most 10 ms), FAT's in steps of 2 s: a
 * write within the same tick as the one before leaves a file's times as they were.
 */
import type { FileState } from './source-survey.ts';

const TIMESTAMP_GUARD_MS = 50;
const COARSE_TIMESTAMP_GUARD_MS = 2100;

type Age = Pick<FileState, 'changedAtMs' | 'coarseTimes'>;

export function timestampGuardMs({ coarseTimes }: Age): number {
  return coarseTimes ? COARSE_TIMESTAMP_GUARD_MS : TIMESTAMP_GUARD_MS;
}

/** True when a write right after `now` could leave the file's times as they are. */
export function isTooYoung(state: Age, now: Date): boolean {
  return Math.abs(now.getTime() - state.changedAtMs) < timestampGuardMs(state);
}
