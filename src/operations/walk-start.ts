/** The walk of a backup begins while the repository is still being opened. */
import type { Clock } from '../base/clock.ts';
import { LookAhead } from '../source/look-ahead.ts';
import type { BackupInput } from './backup-input.ts';
import { lookAhead } from './backup-source.ts';
import type { Workbench } from './workbench.ts';

export interface WalkStart {
  readonly at: Date;
  readonly ahead: LookAhead;
}

const MOST_AHEAD_MS = 5000;

/** Looks ahead until `opening` has come to its end. */
export function startWalk(
  { clock, lowMemory }: Workbench,
  input: BackupInput,
  opening: Promise<unknown>,
): WalkStart {
  const at = clock.now();
  const ahead = lowMemory === true ? new LookAhead() : lookAhead(input);
  const end = (): void => ahead.end();
  opening.then(end, end);
  return { at, ahead };
}

/** What was seen while another run held the lock for long is not worth having. */
export function freshStart({ at, ahead }: WalkStart, clock: Clock): WalkStart {
  const now = clock.now();
  const ageMs = now.getTime() - at.getTime();
  return ageMs >= 0 && ageMs <= MOST_AHEAD_MS ? { at, ahead } : { at: now, ahead: new LookAhead() };
}
