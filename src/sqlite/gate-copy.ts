/** One attempt to copy a database through the gate, within a limit for the read lock. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Clock } from '../base/clock.ts';
import type { CaptureWarning } from './capture-warnings.ts';
import type { DatabaseState } from './database-state.ts';
import { callGate, expectAnswer } from './gate-answer.ts';
import { primaryCode, SqliteCode, type CopyRequest, type LockRequest } from './gate-protocol.ts';
import type { FinalAnswer, Gate } from './gate.ts';
import type { ScratchImage } from './scratch-image.ts';
import type { SourceSurvey } from './source-survey.ts';

/**
 * `raw`: pages read under a lock; `raw-changes`: only those that changed since an earlier capture. `backup`: by SQLite, under a lock. The others: copied while nobody
 * wrote, after the app was stopped or killed.
 */
export type ImageMethod =
  'raw' | 'raw-changes' | 'backup' | 'raw-stopped' | 'raw-crashed' | 'raw-hot-journal';

export type CopyOutcome =
  | {
      readonly kind: 'copied';
      readonly method: ImageMethod;
      readonly readLockMs: number;
      readonly state?: DatabaseState | undefined;
      readonly warnings: readonly CaptureWarning[];
    }
  /** Somebody writes or holds a lock: try again soon. */
  | { readonly kind: 'busy' }
  /** SQLite does not read it without writing. */
  | { readonly kind: 'refused'; readonly hotJournal: boolean }
  | { readonly kind: 'too-long'; readonly limitMs: number }
  /** What was read is perhaps no committed state. */
  | { readonly kind: 'doubt' };

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
  const { survey, path, image, lockLimitMs } = options;
  const request: CopyRequest = { kind: 'copy', image: image.path, ...lockRequest(options) };
  const answer = await callWithinLockLimit(request, options);
  if (answer === 'too-long') return { kind: 'too-long', limitMs: lockLimitMs };
  const refusal = refusalOf(answer);
  if (refusal !== undefined) return refusal;
  if (isFull(answer)) throw await image.fullError(path, survey.main.sizeBytes);
  const { readLockMs } = expectAnswer(answer, 'copied', path);
  return { kind: 'copied', method: 'backup', readLockMs, warnings: [] };
}

export function lockRequest(options: GateCopyOptions): LockRequest {
  const { survey, busyTimeoutMs, lockLimitMs } = options;
  const needsShm = survey.shm !== undefined && survey.wal !== undefined;
  return { source: survey.path, needsShm, busyTimeoutMs, lockLimitMs };
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

/** Where the gate took no lock: what to do about it. */
export function refusalOf(answer: FinalAnswer): CopyOutcome | undefined {
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
