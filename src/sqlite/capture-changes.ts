/**
 * Takes of a WAL database that is in use only what was committed since an earlier capture.
 *
 * The pages come from the files and the counts from SQLite, in two processes: they are of one state
 * because the index of the log names the same last commit before the lock was taken and after all
 * was read, so that nothing was committed in between. Any doubt, any commit meanwhile, any trouble
 * at all that another way of capturing might not have: `undefined`, and all of it is to be read.
 */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { walResetWarning } from './capture-warnings.ts';
import type { CaptureOptions, CapturedImage } from './capture.ts';
import {
  readChangedPages,
  type ChangedPages,
  type ChangedStage,
  type EarlierCapture,
} from './changed-pages.ts';
import { callGate, expectAnswer, releaseLock } from './gate-answer.ts';
import { refusalOf } from './gate-copy.ts';
import { ownGateUnless, type Gate } from './gate.ts';
import { factsOfHeader } from './header-facts.ts';
import { readHeldReferences } from './inspect.ts';
import type { ColumnReference } from './gate-protocol.ts';
import { assertLocalFileSystem } from './network-file-system.ts';
import { LockLimit } from './raw-copy.ts';
import { RawReadDoubt, readWalIndex } from './raw-wal.ts';
import { createScratchImage, isDiskFull, type ScratchImage } from './scratch-image.ts';
import { surveySource, type SourceSurvey } from './source-survey.ts';
import type { SchemaFacts } from './database-facts.ts';
import { isSameChecksum } from './wal-format.ts';
import type { WalIndexHeader } from './wal-index.ts';

const LOCK_LIMIT_MS = 2000;
const BUSY_LIMIT_MS = 100;

export type ReadTexts = (references: readonly ColumnReference[]) => AsyncIterable<string>;

export interface CaptureChangesOptions extends Omit<CaptureOptions, 'atStage' | 'method'> {
  readonly earlier: EarlierCapture;
  /** Called under the lock, to read what only SQLite can. */
  readonly whileHeld: (readTexts: ReadTexts) => Promise<void>;
  readonly mostChanged?: number | undefined;
  readonly atChangedStage?: ((stage: ChangedStage) => Promise<void>) | undefined;
}

/** Its image holds only `changedPieces`. */
export interface CapturedChanges extends CapturedImage {
  readonly changedPieces: ReadonlySet<number>;
}

export async function captureChanges(
  options: CaptureChangesOptions,
): Promise<CapturedChanges | undefined> {
  const { path, clock, scratchFolder, signal } = options;
  await using cleanup = new AsyncDisposableStack();
  await using own = ownGateUnless(options.gate);
  try {
    const survey = await surveySource(path);
    await assertLocalFileSystem(survey.path, options.fileSystemTypeOf);
    if (survey.wal === undefined || survey.shm === undefined) return undefined;
    const image = cleanup.use(await createScratchImage(scratchFolder));
    const capturedAt = clock.now();
    const read = await readUnderLock({ ...options, survey, image, gate: own.gate });
    if (read === undefined) return undefined;
    const { pages, schema, readLockMs } = read;
    const kept = cleanup.move();
    return {
      imagePath: image.path,
      method: 'raw-changes',
      contents: {
        ...factsOfHeader(pages.header),
        pageCount: pages.pageCount,
        sizeBytes: pages.pageCount * pages.header.pageSize,
        ...schema,
      },
      changedPieces: pages.pieces,
      state: pages.state,
      readLockMs,
      attempts: 1,
      warnings: walResetWarning(survey.header),
      capturedAt,
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RawReadDoubt || isDiskFull(error) || isOfDatabase(error)) return undefined;
    throw error;
  }
}

/** Another way of capturing will say what is the matter, if it meets it, too. */
function isOfDatabase(error: unknown): boolean {
  return isKeepsakeError(error) && /^(DATABASE|CAPTURE|SCRATCH)_/.test(error.code);
}

interface LockedReading extends CaptureChangesOptions {
  readonly survey: SourceSurvey;
  readonly image: ScratchImage;
  readonly gate: Gate;
}

async function readUnderLock(
  options: LockedReading,
): Promise<{ pages: ChangedPages; schema: SchemaFacts; readLockMs: number } | undefined> {
  const { gate, path, survey, image, earlier, signal, lockLimitMs = LOCK_LIMIT_MS } = options;
  const shm = `${survey.path}-shm`;
  const before = await readWalIndex(shm);
  const busyTimeoutMs = BUSY_LIMIT_MS;
  const hold = { source: survey.path, needsShm: true, busyTimeoutMs, lockLimitMs };
  const held = await callGate(gate, path, { kind: 'hold', ...hold }, { signal });
  if (refusalOf(held) !== undefined) return undefined;
  expectAnswer(held, 'held', path);
  using limit = new LockLimit({ ...options, lockLimitMs });
  const within = { signal: limit.signal };
  try {
    const schema = await callGate(gate, path, { kind: 'held-schema' }, within);
    await options.whileHeld((references) =>
      readHeldReferences(references, { path, gate, ...within }),
    );
    const pages = await readChangedPages({
      source: survey.path,
      image: image.path,
      earlier,
      mostChanged: options.mostChanged,
      signal: limit.signal,
      atStage: options.atChangedStage,
    });
    assertLastCommit(before, pages);
    assertNoCommit(before, await readWalIndex(shm));
    const readLockMs = await releaseLock(options);
    return { pages, ...expectAnswer(schema, 'schema', path), readLockMs };
  } catch (error) {
    if (error instanceof RawReadDoubt) {
      await releaseLock(options);
      return undefined;
    }
    // Ends the lock at once, whatever the gate is at.
    await gate.kill(error);
    if (limit.signal.aborted && signal?.aborted !== true) return undefined;
    throw error;
  }
}

/** A commit whose frames are in the log, and which the index does not name yet, SQLite did not see. */
function assertLastCommit(index: WalIndexHeader, { state: { wal } }: ChangedPages): void {
  const isLast =
    wal?.frames === index.committedFrames &&
    wal.salt1 === index.salt1 &&
    wal.salt2 === index.salt2 &&
    isSameChecksum(wal.checksum, index.lastChecksum);
  if (!isLast) throw new RawReadDoubt('the log ends elsewhere than its index says');
}

function assertNoCommit(before: WalIndexHeader, after: WalIndexHeader): void {
  const isSame =
    before.committedFrames === after.committedFrames &&
    before.salt1 === after.salt1 &&
    before.salt2 === after.salt2 &&
    isSameChecksum(before.lastChecksum, after.lastChecksum);
  if (!isSame) throw new RawReadDoubt('something was committed meanwhile');
}
