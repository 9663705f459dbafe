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
import type { CaptureAhead } from './capture-ahead.ts';
import { walResetWarning, type CaptureWarning } from './capture-warnings.ts';
import type { DatabaseChecks, DatabaseContents, DatabaseFacts } from './database-facts.ts';
import type { DatabaseState } from './database-state.ts';
import { formatSqliteVersion } from './database-file.ts';
import { ownGateUnless, type Gate } from './gate.ts';
import { checkImage, readContents, type InspectOptions } from './inspect.ts';
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
  /** Has begun to copy the database, perhaps. */
  ahead?: CaptureAhead | undefined;
  lastResort?: LastResort | undefined;
  fileSystemTypeOf?: FileSystemTypeOf | undefined;
}

export interface CapturedImage extends AsyncDisposable {
  /** Complete by itself: no `-wal`, `-shm` or `-journal` belongs to it. */
  readonly imagePath: string;
  readonly method: ImageTaken['method'];
  readonly contents: DatabaseContents;
  /** By which `isStillIn` can tell later that nothing was committed; absent when it cannot. */
  readonly state?: DatabaseState | undefined;
  /** 0 when the app could not notice at all. */
  readonly readLockMs: number;
  readonly attempts: number;
  readonly warnings: readonly CaptureWarning[];
  /** Everything the app had committed before this moment is in the image. */
  readonly capturedAt: Date;
}

export interface CapturedDatabase extends CapturedImage {
  readonly facts: DatabaseFacts;
}

/**
 * Strictly read-only on the source. Disposing the result removes the image; after an error or an
 * abort nothing is left in the scratch folder. Throws `DATABASE_*`, `SCRATCH_FULL`,
 * `CAPTURE_GATE_DIED`. Damage that only the check of the finished image finds is no error: see
 * `facts.integrity`.
 */
export async function captureDatabase(options: CaptureOptions): Promise<CapturedDatabase> {
  await using own = ownGateUnless(options.gate);
  const { gate } = own;
  await using cleanup = new AsyncDisposableStack();
  const image = cleanup.use(await captureImage({ ...options, gate }));
  const checks = await checkCapture(image, { ...options, gate });
  if (isDoubtful(image, checks)) {
    await cleanup.disposeAsync();
    return await captureDatabase({ ...options, gate, method: 'backup' });
  }
  const kept = cleanup.move();
  return {
    ...image,
    facts: { ...image.contents, ...checks },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** SQLite's checks of an image, while the caller may be reading it. */
export function checkCapture(
  { imagePath }: CapturedImage,
  {
    path,
    fullIntegrity,
    gate,
    signal,
  }: Pick<CaptureOptions, 'path' | 'gate' | 'signal'> & Pick<InspectOptions, 'fullIntegrity'>,
): Promise<DatabaseChecks> {
  return checkImage(imagePath, { path, fullIntegrity, gate, signal });
}

/** What looks damaged after raw reading is worth `method: 'backup'`: that shows whose the damage is. */
export function isDoubtful({ method }: CapturedImage, { integrity }: DatabaseChecks): boolean {
  return method === 'raw' && integrity.result !== 'ok';
}

/** As `captureDatabase`, without SQLite's checks of the image. */
export async function captureImage(options: CaptureOptions): Promise<CapturedImage> {
  const { path, scratchFolder, configured, signal } = options;
  signal?.throwIfAborted();
  await using cleanup = new AsyncDisposableStack();
  const image = cleanup.use(await createScratchImage(scratchFolder));
  await using own = ownGateUnless(options.gate);
  own.gate.start(); // while the files are looked at, and perhaps copied

  const { taken, contents } = await takeReadableImage({ ...options, image, gate: own.gate });
  if (configured && contents.tables.length === 0) {
    throw new KeepsakeError('DATABASE_NO_TABLES', { path });
  }
  const kept = cleanup.move();
  return {
    imagePath: image.path,
    method: taken.method,
    contents,
    state: taken.state,
    readLockMs: taken.readLockMs,
    attempts: taken.attempts,
    warnings: [...taken.warnings, ...walResetWarning(taken.header)],
    capturedAt: taken.capturedAt,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function takeReadableImage(
  options: TakeImageOptions,
): Promise<{ taken: ImageTaken; contents: DatabaseContents }> {
  const taken = await takeImage(options);
  try {
    return { taken, contents: await contentsOf(taken, options) };
  } catch (error) {
    if (taken.method !== 'raw' || !isKeepsakeError(error, 'DATABASE_DAMAGED')) throw error;
  }
  await options.image.clear();
  return await takeReadableImage({ ...options, method: 'backup' });
}

async function contentsOf(
  { method, header }: ImageTaken,
  { gate, image, path, signal }: TakeImageOptions,
): Promise<DatabaseContents> {
  const contents = await readContents(image.path, { path, gate, signal });
  if (method !== 'backup') return contents;
  // `backup()` writes our own SQLite's version into the image's header.
  const { sqliteVersion: _, ...rest } = contents;
  const versionNumber = header?.versionNumber ?? 0;
  if (versionNumber === 0) return rest;
  return { ...rest, sqliteVersion: formatSqliteVersion(versionNumber) };
}
