/** Puts the content of an image into a live database, through SQLite itself. */
import type { Clock } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { callGate, expectAnswer } from './gate-answer.ts';
import { openGate } from './gate.ts';

export interface OverwriteOptions {
  /** Complete by itself, and open nowhere. */
  readonly image: string;
  /** Exists, and may be in use. */
  readonly target: string;
  /** For waiting and writing together: then it is as if it had never begun. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Throws `DATABASE_KEPT_BUSY`, `DATABASE_UNREADABLE`, `DATABASE_DAMAGED`; nothing is changed then. */
export async function overwriteDatabase(options: OverwriteOptions): Promise<void> {
  const { image, target, limitMs, clock, signal } = options;
  await using gate = openGate();
  const done = new AbortController();
  const tooLong = new AbortController();
  clock.sleep(limitMs, { signal: done.signal }).then(
    () => tooLong.abort(),
    () => {}, // written in time
  );
  const signals = signal === undefined ? [tooLong.signal] : [tooLong.signal, signal];
  try {
    const request = { kind: 'overwrite', image, target } as const;
    const answer = await callGate(gate, target, request, { signal: AbortSignal.any(signals) });
    expectAnswer(answer, 'overwritten', target);
  } catch (error) {
    signal?.throwIfAborted();
    if (tooLong.signal.aborted) {
      throw new KeepsakeError('DATABASE_KEPT_BUSY', { path: target, limitMs }, { cause: error });
    }
    throw error;
  } finally {
    done.abort();
  }
}
