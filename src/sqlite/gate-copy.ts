/** One attempt to copy a database through the gate, within a limit for the read lock. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Clock } from '../base/clock.ts';
import type { CaptureWarning } from './capture-warnings.ts';
import { callGate, expectAnswer } from './gate-answer.ts';
import { primaryCode, SqliteCode, type CopyRequest } from './gate-protocol.ts';
import type { FinalAnswer, Gate } from './gate.ts';
import type { ScratchImage } from './scratch-image.ts';
import type { SourceSurvey } from './source-survey.ts';

export type CopyOutcome =
  | {
      readonly kind: 'copied';
      readonly method: 'backup' | 'raw-stopped' | 'raw-crashed' | 'raw-hot-journal';
      readonly readLockMs: number;
      readonly warnings: readonly CaptureWarning[];
    }
  /** Somebody writes or holds a lock: try again soon. */
  | { readonly kind: 'busy' }
  /** SQLite does not read it without writing. */
  | { readonly kind: 'refused'; readonly hotJournal: boolean }
  | { readonly kind: 'too-long'; readonly limitMs: number };

export interface GateCopyOptions {
  survey: SourceSurvey;
  path: string;
  image: ScratchImage;
  gate: Gate;
  clock: Clock;
  lockLimitMs: number;
  busyTimeoutMs: number;
  signal?: AbortSignal | undefined;
}

export async function copyThroughGate(options: GateCopyOptions): Promise<CopyOutcome> {
  const { survey, path, image, lockLimitMs, busyTimeoutMs } = options;
  const request: CopyRequest = {
    kind: 'copy',
    source: survey.path,
    image: image.path,
    needsShm: survey.shm !== undefined && survey.wal !== undefined,
    busyTimeoutMs,
    lockLimitMs,
  };
  const answer = await callWithinLockLimit(request, options);
  if (answer === 'too-long') return { kind: 'too-long', limitMs: lockLimitMs };
  const refusal = refusalOf(answer);
  if (refusal !== undefined) return refusal;
  if (isFull(answer)) throw await image.fullError(path, survey.main.sizeBytes);
  const { readLockMs } = expectAnswer(answer, 'copied', path);
  return { kind: 'copied', method: 'backup', readLockMs, warnings: [] };
}

async function callWithinLockLimit(
  request: CopyRequest,
  { gate, path, clock, signal }: GateCopyOptions,
): Promise<FinalAnswer | 'too-long'> {
  const { lockLimitMs } = request;
  const tooLong = new AbortController();
  const done = new AbortController();
  let lockedAtMs = Number.POSITIVE_INFINITY;
  const onLocked = () => {
    lockedAtMs = clock.monotonicMs();
    clock.sleep(lockLimitMs, { signal: done.signal }).then(
      () => tooLong.abort(),
      () => {}, // copied in time
    );
  };
  const signals = signal === undefined ? [tooLong.signal] : [tooLong.signal, signal];
  try {
    return await callGate(gate, path, request, { signal: AbortSignal.any(signals), onLocked });
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    // The gate also ends itself, should this process be too busy to notice the time.
    const outOfTime = clock.monotonicMs() - lockedAtMs >= lockLimitMs;
    if (tooLong.signal.aborted) return 'too-long';
    if (outOfTime && isKeepsakeError(error, 'CAPTURE_GATE_DIED')) return 'too-long';
    throw error;
  } finally {
    done.abort();
  }
}

function refusalOf(answer: FinalAnswer): CopyOutcome | undefined {
  if (answer.kind !== 'failed' || answer.sqliteCode === undefined) return undefined;
  switch (primaryCode(answer.sqliteCode)) {
    case SqliteCode.busy:
    case SqliteCode.locked:
      return { kind: 'busy' };
    case SqliteCode.readonly:
      return { kind: 'refused', hotJournal: answer.sqliteCode === SqliteCode.readonlyRollback };
    case SqliteCode.cannotOpen:
      return { kind: 'refused', hotJournal: false };
    default:
      return undefined;
  }
}

function isFull(answer: FinalAnswer): boolean {
  return answer.kind === 'failed' && primaryCode(answer.sqliteCode ?? 0) === SqliteCode.full;
}
