/** Takes one consistent image of a database while its app runs, or after it stopped or crashed. */
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Clock } from '../base/clock.ts';
import {
  takeImage,
  type CaptureMethod,
  type ImageTaken,
  type LastResort,
  type TakeImageOptions,
} from './take-image.ts';
import { walResetWarning, type CaptureWarning } from './capture-warnings.ts';
import type { DatabaseFacts } from './database-facts.ts';
import type { DatabaseState } from './database-state.ts';
import { formatSqliteVersion } from './database-file.ts';
import { ownGateUnless, type Gate } from './gate.ts';
import { requestFacts } from './inspect.ts';
import type { RawStage } from './raw-image.ts';
import type { FileSystemTypeOf } from './network-file-system.ts';
import { createScratchImage } from './scratch-image.ts';

export type { CaptureWarning } from './capture-warnings.ts';
export type { CaptureMethod } from './take-image.ts';
export type { DatabaseFacts } from './database-facts.ts';

export interface CaptureOptions {
  /** Absolute raw path of the database. */
  path: string;
  /** Exists, and is not inside what is backed up. */
  scratchFolder: string;
  /** How a database that may be in use is copied. Default `raw`, where possible. */
  method?: CaptureMethod | undefined;
  /** Called as raw reading goes on. */
  atStage?: ((stage: RawStage) => Promise<void>) | undefined;
  /** How long the app's database may be held for reading, in milliseconds. Default 2000. */
  lockLimitMs?: number | undefined;
  /** How long we wait for a locked database, in milliseconds. Default 10 000. */
  busyLimitMs?: number | undefined;
  /** Named in the config: then a database without tables is an error. */
  configured: boolean;
  clock: Clock;
  signal?: AbortSignal | undefined;
  /** Shared by captures that follow each other; without it the capture starts its own. */
  gate?: Gate | undefined;
  lastResort?: LastResort | undefined;
  fileSystemTypeOf?: FileSystemTypeOf | undefined;
}

export interface CapturedDatabase extends AsyncDisposable {
  /** Complete by itself: no `-wal`, `-shm` or `-journal` belongs to it. */
  readonly imagePath: string;
  readonly method: ImageTaken['method'];
  readonly facts: DatabaseFacts;
  /** By which `isStillIn` can tell later that nothing was committed; absent when it cannot. */
  readonly state?: DatabaseState | undefined;
  /** 0 when the app could not notice at all. */
  readonly readLockMs: number;
  readonly attempts: number;
  readonly warnings: readonly CaptureWarning[];
  /** Everything the app had committed before this moment is in the image. */
  readonly capturedAt: Date;
}

/**
 * Strictly read-only on the source. Disposing the result removes the image; after an error or an
 * abort nothing is left in the scratch folder. Throws `DATABASE_*`, `SCRATCH_FULL`,
 * `CAPTURE_GATE_DIED`. Damage that only the check of the finished image finds is no error: see
 * `facts.integrity`.
 */
export async function captureDatabase(options: CaptureOptions): Promise<CapturedDatabase> {
  const { path, scratchFolder, configured, signal } = options;
  signal?.throwIfAborted();
  await using cleanup = new AsyncDisposableStack();
  const image = cleanup.use(await createScratchImage(scratchFolder));
  await using own = ownGateUnless(options.gate);
  const { gate } = own;

  const { taken, facts } = await takeSoundImage({ ...options, image, gate });
  if (configured && facts.tables.length === 0) {
    throw new KeepsakeError('DATABASE_NO_TABLES', { path });
  }
  const kept = cleanup.move();
  return {
    imagePath: image.path,
    method: taken.method,
    facts,
    state: taken.state,
    readLockMs: taken.readLockMs,
    attempts: taken.attempts,
    warnings: [...taken.warnings, ...walResetWarning(taken.header)],
    capturedAt: taken.capturedAt,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * What looks damaged after raw reading is copied once more by SQLite itself: then the damage is the
 * database's own.
 */
async function takeSoundImage(
  options: TakeImageOptions,
): Promise<{ taken: ImageTaken; facts: DatabaseFacts }> {
  const taken = await takeImage(options);
  try {
    const facts = await factsOf(taken, options);
    if (taken.method !== 'raw' || facts.integrity.result === 'ok') return { taken, facts };
  } catch (error) {
    if (taken.method !== 'raw' || !isKeepsakeError(error, 'DATABASE_DAMAGED')) throw error;
  }
  await options.image.clear();
  return await takeSoundImage({ ...options, method: 'backup' });
}

async function factsOf(
  { method, header }: ImageTaken,
  { gate, image, path, signal }: TakeImageOptions,
): Promise<DatabaseFacts> {
  const facts = await requestFacts(gate, image.path, { path, signal });
  if (method !== 'backup') return facts;
  // `backup()` writes our own SQLite's version into the image's header.
  const { sqliteVersion: _, ...rest } = facts;
  const versionNumber = header?.versionNumber ?? 0;
  if (versionNumber === 0) return rest;
  return { ...rest, sqliteVersion: formatSqliteVersion(versionNumber) };
}
