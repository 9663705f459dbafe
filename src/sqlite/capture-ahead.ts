/**
 * What a capture will need, made ready before it is asked for: the gate process, and a copy of a
 * database that nobody has open.
 *
 * A backup captures its databases after it has seen the files. What was copied before that counts
 * only where the database is still what it was when the copying began: same device, inode, size,
 * mtime and ctime, without a WAL or journal. Then it is the same database, and the copy as good as
 * one made now. Everything else about it is told by the capture.
 */
import { constants } from 'node:fs';
import { chmod, copyFile, rename } from 'node:fs/promises';
import { fsPath } from '../base/raw-name.ts';
import type { Clock } from '../base/clock.ts';
import { openGate, type Gate } from './gate.ts';
import { copyQuietDatabase } from './quiet-copy.ts';
import { createScratchImage, type ScratchImage } from './scratch-image.ts';
import { surveySource, type SourceSurvey } from './source-survey.ts';
import { isTooYoung } from './timestamp-guard.ts';

/** The capture may have to copy it once more, and others besides, before this one is removed. */
const ROOM_FOR_COPIES = 3;
const IMAGE_MODE = 0o600;
/** Half a second: nothing can stop it meanwhile. */
const LARGEST_COPY_BYTES = 1 << 30;

export interface CaptureAheadOptions {
  readonly scratchFolder: string;
  readonly clock: Clock;
  /** One that others use, too, and somebody else ends; without it there is one of its own. */
  readonly gate?: Gate | undefined;
}

interface Copy {
  readonly survey: SourceSurvey;
  readonly image: ScratchImage;
}

export class CaptureAhead implements AsyncDisposable {
  readonly gate: Gate;
  readonly #options: CaptureAheadOptions;
  #copied: { readonly path: string; readonly done: Promise<Copy | undefined> } | undefined;

  constructor(options: CaptureAheadOptions) {
    this.#options = options;
    this.gate = options.gate ?? openGate();
  }

  /** For captures that will come soon. */
  start(): void {
    this.gate.start();
  }

  /** Begins to copy a database, one in a run. What keeps it from being copied the capture will tell. */
  copy(path: string): void {
    this.#copied ??= { path, done: this.#copy(path).catch(() => undefined) };
  }

  /** When nothing is being copied any more. */
  async settled(): Promise<void> {
    await this.#copied?.done;
  }

  /**
   * Whether `image` is a copy of the database at `path` as it was surveyed just now; a copy of it
   * that is not so is removed.
   */
  async moveInto(image: ScratchImage, path: string, survey: SourceSurvey): Promise<boolean> {
    const copied = this.#copied;
    if (copied?.path !== path) return false;
    this.#copied = undefined;
    const copy = await copied.done;
    if (copy === undefined) return false;
    await using own = copy.image;
    if (!isSameAtRest(copy.survey, survey)) return false;
    await rename(own.path, image.path);
    return true;
  }

  /** Waits for what is under way, ends the gate, and leaves nothing behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    const copy = await this.#copied?.done;
    this.#copied = undefined;
    await copy?.image[Symbol.asyncDispose]();
    if (this.#options.gate === undefined) await this.gate[Symbol.asyncDispose]();
  }

  async #copy(path: string): Promise<Copy | undefined> {
    const { scratchFolder, clock } = this.#options;
    const survey = await surveySource(path);
    // A write within the same tick would leave its times as they are.
    if (!isAtRest(survey) || isTooYoung(survey.main, clock.now())) return undefined;
    if (survey.main.sizeBytes > LARGEST_COPY_BYTES) return undefined;
    await using cleanup = new AsyncDisposableStack();
    const image = cleanup.use(await createScratchImage(scratchFolder));
    await image.assertSpace(path, ROOM_FOR_COPIES * survey.main.sizeBytes);
    // In one piece: the main thread has other things to do than to ask for each megabyte.
    await copyFile(fsPath(survey.path), image.path, constants.COPYFILE_EXCL);
    await chmod(image.path, IMAGE_MODE); // the copy has the mode of what was copied
    if (!(await copyQuietDatabase(survey, image.path, { clock, isCopied: true }))) return undefined;
    cleanup.move();
    return { survey, image };
  }
}

/** As SQLite leaves a database in WAL mode when the last one has closed it. */
function isAtRest({ header, wal, journal }: SourceSurvey): boolean {
  return header?.walMode === true && wal === undefined && journal === undefined;
}

function isSameAtRest(then: SourceSurvey, now: SourceSurvey): boolean {
  return isAtRest(now) && now.path === then.path && now.main.identity === then.main.identity;
}
