/** Puts the content of an image into a live database, through SQLite itself. */
import type { Clock } from '../base/clock.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { expectAnswer } from './gate-answer.ts';
import type { OverwriteRequest } from './gate-protocol.ts';
import { openGate, type FinalAnswer } from './gate.ts';

export interface OverwriteOptions {
  /** Complete by itself, and open nowhere. */
  readonly image: string;
  /** Exists, and may be in use. */
  readonly target: string;
  /** For the app's lock; as long again for the writing. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Throws `DATABASE_KEPT_BUSY`, `DATABASE_UNREADABLE`, `DATABASE_DAMAGED`: nothing is changed then; or
 * `DATABASE_WRITE_CUT_OFF`.
 */
export async function overwriteDatabase(options: OverwriteOptions): Promise<void> {
  const { image, target: path, limitMs } = options;
  const request = { kind: 'overwrite', image, target: path, waitMs: limitMs } as const;
  const { outcome } = expectAnswer(await callInTime(request, options), 'overwritten', path);
  if (outcome === 'busy') throw new KeepsakeError('DATABASE_KEPT_BUSY', { path, limitMs });
}

/** Without an answer nobody knows whether SQLite has committed. */
async function callInTime(
  request: OverwriteRequest,
  { target: path, limitMs, clock, signal }: OverwriteOptions,
): Promise<FinalAnswer> {
  await using gate = openGate();
  const done = new AbortController();
  const tooLong = new AbortController();
  clock.sleep(2 * limitMs, { signal: done.signal }).then(
    () => tooLong.abort(),
    () => {}, // written in time
  );
  const signals = signal === undefined ? [tooLong.signal] : [tooLong.signal, signal];
  try {
    return await gate.call(request, { signal: AbortSignal.any(signals) });
  } catch (cause) {
    signal?.throwIfAborted();
    const why = tooLong.signal.aborted ? 'it took too long' : describeCause(cause);
    throw new KeepsakeError('DATABASE_WRITE_CUT_OFF', { path, why }, { cause });
  } finally {
    done.abort();
  }
}
