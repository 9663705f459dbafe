/**
 * Chooses the way to copy a database, and tries until one of them holds.
 *
 * | beside the database | header | way |
 * | --- | --- | --- |
 * | `-wal` and `-shm` | any | gate: a read lock beside a running app, a plain read beside a dead one |
 * | `-wal`, no `-shm` | any | quiet copy of both: nobody has it open |
 * | no `-wal` | WAL | quiet copy: even a read-only open would leave `-wal` and `-shm` behind |
 * | no `-wal` | rollback journal | gate |
 *
 * Under the gate's lock the pages are read raw, or copied by SQLite's backup where that was asked
 * for, or where raw reading remained in doubt. Where the gate is refused (a hot journal, missing rights, an empty main file beside a WAL) a quiet
 * copy is tried, and where a quiet copy shows a change, so that somebody does write, everything is
 * looked at anew.
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Clock } from '../base/clock.ts';
import { longLockWarning, type CaptureWarning } from './capture-warnings.ts';
import type { CaptureAhead } from './capture-ahead.ts';
import type { DatabaseHeader } from './database-file.ts';
import type { DatabaseState } from './database-state.ts';
import { copyThroughGate, type CopyOutcome, type ImageMethod } from './gate-copy.ts';
import type { Gate } from './gate.ts';
import { assertLocalFileSystem, type FileSystemTypeOf } from './network-file-system.ts';
import { copyRaw } from './raw-copy.ts';
import type { RawStage } from './raw-image.ts';
import { takeQuietImage } from './quiet-image.ts';
import type { ScratchImage } from './scratch-image.ts';
import { surveySource, type SourceSurvey } from './source-survey.ts';

const DEFAULT_LOCK_LIMIT_MS = 2000;
const DEFAULT_BUSY_LIMIT_MS = 10_000;
const LONGEST_BUSY_TIMEOUT_MS = 1000;
const PAUSE_AFTER_BUSY_MS = 20;
const PAUSE_AFTER_LONG_LOCK_MS = 500;
const TRIES_WITHIN_LOCK_LIMIT = 3;
const MOST_DOUBTS = 4;

/** How a database that may be in use is copied under the lock. */
export type CaptureMethod = 'raw' | 'backup';

/** How long the lock may be held when `lockLimitMs` proved too short three times. */
export interface LastResort {
  readonly walMs: number;
  readonly rollbackMs: number;
}

/**
 * In WAL mode a reader only keeps the WAL from being reset. With a rollback journal writers wait,
 * and the usual busy timeout of an app is 5 s.
 */
const LAST_RESORT: LastResort = { walMs: 600_000, rollbackMs: 4500 };

export interface TakeImageOptions {
  path: string;
  image: ScratchImage;
  gate: Gate;
  /** May have a copy. */
  ahead?: CaptureAhead | undefined;
  clock: Clock;
  /** Default `raw`. */
  method?: CaptureMethod | undefined;
  atStage?: ((stage: RawStage) => Promise<void>) | undefined;
  lockLimitMs?: number | undefined;
  busyLimitMs?: number | undefined;
  lastResort?: LastResort | undefined;
  signal?: AbortSignal | undefined;
  fileSystemTypeOf?: FileSystemTypeOf | undefined;
}

export interface ImageTaken {
  readonly method: ImageMethod;
  readonly readLockMs: number;
  readonly attempts: number;
  readonly warnings: readonly CaptureWarning[];
  readonly capturedAt: Date;
  /** By which a later capture can know the database as unchanged. */
  readonly state?: DatabaseState | undefined;
  /** Of the source: `backup()` changes some fields in the image. */
  readonly header: DatabaseHeader | undefined;
}

/** What earlier attempts taught. */
interface Progress {
  attempts: number;
  tooLong: number;
  doubts: number;
  refusal: { hotJournal: boolean } | undefined;
  readonly startedMs: number;
}

export async function takeImage(options: TakeImageOptions): Promise<ImageTaken> {
  const { path, image, clock } = options;
  const progress: Progress = {
    attempts: 0,
    tooLong: 0,
    doubts: 0,
    refusal: undefined,
    startedMs: clock.monotonicMs(),
  };
  for (;;) {
    const survey = await surveySource(path);
    await assertLocalFileSystem(survey.path, options.fileSystemTypeOf);
    const isCopied = (await options.ahead?.moveInto(image, path, survey)) === true;
    if (!isCopied) await image.assertSpace(path, sourceBytes(survey));
    const capturedAt = clock.now();
    progress.attempts += 1;
    const outcome = await attempt({ ...options, isCopied }, survey, progress);
    if (outcome.kind === 'copied') {
      const { kind: _, ...taken } = outcome;
      return { ...taken, attempts: progress.attempts, capturedAt, header: survey.header };
    }
    await image.clear();
    await learn(options, outcome, progress);
  }
}

async function attempt(
  options: TakeImageOptions & { isCopied: boolean },
  survey: SourceSurvey,
  progress: Progress,
): Promise<CopyOutcome> {
  if (progress.refusal !== undefined || !isForGate(survey)) {
    const hotJournal = progress.refusal?.hotJournal ?? false;
    return await takeQuietImage({ ...options, survey, hotJournal });
  }
  const lockLimitMs = lockLimit(options, survey, progress);
  const { method = 'raw' } = options;
  const copy = method === 'raw' && progress.doubts < MOST_DOUBTS ? copyRaw : copyThroughGate;
  const outcome = await copy({
    ...options,
    survey,
    lockLimitMs,
    busyTimeoutMs: Math.ceil(
      Math.max(Math.min(busyMsLeft(options, progress), LONGEST_BUSY_TIMEOUT_MS), 1),
    ),
  });
  if (outcome.kind !== 'copied' || progress.tooLong < TRIES_WITHIN_LOCK_LIMIT) return outcome;
  return { ...outcome, warnings: [longLockWarning(outcome.readLockMs, isWal(survey))] };
}

/** Returns if another attempt is worth it, after a pause where one helps; else throws. */
async function learn(
  options: TakeImageOptions,
  outcome: Exclude<CopyOutcome, { kind: 'copied' }>,
  progress: Progress,
): Promise<void> {
  const { path, clock, signal } = options;
  if (outcome.kind === 'doubt') {
    progress.doubts += 1;
    return;
  }
  if (outcome.kind === 'too-long') {
    progress.tooLong += 1;
    if (progress.tooLong > TRIES_WITHIN_LOCK_LIMIT) {
      const { limitMs } = outcome;
      throw new KeepsakeError('DATABASE_LOCK_LIMIT', {
        path,
        limitMs,
        attempts: progress.attempts,
      });
    }
    await clock.sleep(PAUSE_AFTER_LONG_LOCK_MS * progress.tooLong, { signal });
    return;
  }
  progress.refusal = outcome.kind === 'refused' ? outcome : undefined;
  if (busyMsLeft(options, progress) <= 0) {
    const waitedMs = Math.round(clock.monotonicMs() - progress.startedMs);
    throw new KeepsakeError('DATABASE_LOCKED', { path, waitedMs });
  }
  await clock.sleep(PAUSE_AFTER_BUSY_MS, { signal });
}

function isForGate(survey: SourceSurvey): boolean {
  return survey.wal === undefined ? survey.header?.walMode !== true : survey.shm !== undefined;
}

function isWal(survey: SourceSurvey): boolean {
  return survey.wal !== undefined || survey.header?.walMode === true;
}

function lockLimit(options: TakeImageOptions, survey: SourceSurvey, progress: Progress): number {
  const { lockLimitMs = DEFAULT_LOCK_LIMIT_MS, lastResort = LAST_RESORT } = options;
  if (progress.tooLong < TRIES_WITHIN_LOCK_LIMIT) return lockLimitMs;
  return Math.max(lockLimitMs, isWal(survey) ? lastResort.walMs : lastResort.rollbackMs);
}

function busyMsLeft({ clock, busyLimitMs }: TakeImageOptions, { startedMs }: Progress): number {
  return startedMs + (busyLimitMs ?? DEFAULT_BUSY_LIMIT_MS) - clock.monotonicMs();
}

/** The most an image can need: pages are in the main file, in the WAL, or in both. */
function sourceBytes({ main, wal, journal }: SourceSurvey): number {
  return main.sizeBytes + (wal?.sizeBytes ?? 0) + (journal?.sizeBytes ?? 0);
}
