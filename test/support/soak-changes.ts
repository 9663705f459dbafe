/**
 * Captures that follow each other, of what was committed since the last one, beside an app that
 * mostly rests while it is looked at. Each whole image that comes of it is judged: byte for byte
 * against SQLite's backup where the app rests, else by what must hold, and against a raw image that
 * shows the same commit.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { captureChanges, type CapturedChanges } from '../../src/sqlite/capture-changes.ts';
import type { Gate } from '../../src/sqlite/gate.ts';
import { createScratchImage } from '../../src/sqlite/scratch-image.ts';
import { takeImage, type CaptureMethod, type ImageTaken } from '../../src/sqlite/take-image.ts';
import type { CaptureLab } from './capture-lab.ts';
import { comparable } from './comparable-image.ts';
import { applyChanges, followedImage, type FollowedImage } from './followed-image.ts';
import type { BankApp } from './sqlite-bank-app.ts';
import { examineBank } from './sqlite-bank.ts';
import type { SeededRandom } from './wishlist-app/seeded-random.ts';

const REST_SHARE = 0.75;
const CHECKPOINT_SHARE = 0.1;
const LONGEST_RUN_MS = 12;
/** Longer than the file's times need to tell two writes apart. */
const SETTLE_MS = 60;
const PIECES_BYTES = [4096, 8192, 16_384];
/** The product reads all where a quarter has changed; of this small database that is soon. */
const MOST_CHANGED = 0.8;

export interface ChangesTally {
  captures: number;
  /** Only what was committed since the one before. */
  partial: number;
  /** In such a series, read whole. */
  full: number;
  /** Partial images that were compared byte for byte. */
  equal: number;
}

interface SeriesParts {
  readonly lab: CaptureLab;
  readonly gate: Gate;
  readonly random: SeededRandom;
  readonly tally: ChangesTally;
  readonly report: (problem: string) => void;
}

interface WholeImage {
  readonly taken: ImageTaken;
  readonly bytes: Buffer;
  readonly commits: number;
}

/** What the captures of one database know of the last one, also after its app was killed. */
export class ChangesSeries {
  readonly #parts: SeriesParts;
  #known: FollowedImage | undefined;

  constructor(parts: SeriesParts) {
    this.#parts = parts;
  }

  /** Its checkpointer rests. */
  async capture(bank: BankApp): Promise<void> {
    const { random } = this.#parts;
    if (random.chance(CHECKPOINT_SHARE)) await this.#checkpoint(bank);
    await sleep(random.below(LONGEST_RUN_MS));
    const isAtRest = random.chance(REST_SHARE);
    if (isAtRest) await bank.rest();
    try {
      // Now and then all of the log is in the main file, and the log empty.
      if (isAtRest && random.chance(CHECKPOINT_SHARE)) await this.#checkpoint(bank);
      await this.#captureNow(bank, isAtRest);
    } finally {
      if (isAtRest) bank.go();
    }
  }

  async #checkpoint(bank: BankApp): Promise<void> {
    bank.goCheckpoints();
    await sleep(this.#parts.random.below(LONGEST_RUN_MS));
    await bank.restCheckpoints();
  }

  async #captureNow(bank: BankApp, isAtRest: boolean): Promise<void> {
    const { tally } = this.#parts;
    const acknowledged = await bank.committed();
    tally.captures += 1;
    if (
      this.#known === undefined ||
      !(await this.#capturePart(this.#known, acknowledged, isAtRest))
    )
      await this.#captureAll(acknowledged, isAtRest);
  }

  /** False: all of it must be read. */
  async #capturePart(
    known: FollowedImage,
    acknowledged: number,
    isAtRest: boolean,
  ): Promise<boolean> {
    const { lab, gate, tally } = this.#parts;
    await using captured = await captureChanges({
      path: lab.path(),
      scratchFolder: lab.scratch,
      configured: true,
      clock: systemClock,
      gate,
      earlier: known.earlier,
      mostChanged: MOST_CHANGED,
      whileHeld: () => Promise.resolve(),
    });
    if (captured === undefined) return false;
    tally.partial += 1;
    this.#known = await this.#judge(known, captured, { acknowledged, isAtRest });
    return true;
  }

  async #judge(
    known: FollowedImage,
    captured: CapturedChanges,
    { acknowledged, isAtRest }: { acknowledged: number; isAtRest: boolean },
  ): Promise<FollowedImage> {
    const { tally, report } = this.#parts;
    const { next, overlooked } = applyChanges(known, captured);
    if (overlooked.length > 0) report(`partial: overlooked pieces ${overlooked.join(', ')}`);
    writeFileSync(captured.imagePath, next.bytes);
    const { problems, commits } = examineBank(captured.imagePath);
    if (commits < acknowledged) problems.push(`${commits} of ${acknowledged} commits`);
    if (problems.length > 0) report(`partial: ${problems.join('; ')}`);
    const other = await this.#whole(isAtRest ? 'backup' : 'raw');
    if (isAtRest && other.commits !== commits)
      report(`partial has commit ${commits}, ${other.taken.method} ${other.commits}`);
    if (isAtRest || isDeepStrictEqual(next.earlier.state.wal, other.taken.state?.wal)) {
      tally.equal += 1;
      if (!comparable(next.bytes).equals(comparable(other.bytes)))
        report(`partial of commit ${commits} differs from ${other.taken.method}`);
    }
    return next;
  }

  async #captureAll(acknowledged: number, isAtRest: boolean): Promise<void> {
    const { random, tally, report } = this.#parts;
    if (isAtRest) await sleep(SETTLE_MS);
    const { taken, bytes, commits } = await this.#whole('raw');
    tally.full += 1;
    if (commits < acknowledged) report(`full: ${commits} of ${acknowledged} commits`);
    const pageSize = bytes.readUInt16BE(16) === 1 ? 65_536 : bytes.readUInt16BE(16);
    const pieces = { pageSize, pageCount: bytes.length / pageSize };
    const pieceBytes = random.pick(PIECES_BYTES);
    this.#known = followedImage(bytes, taken.state, { ...pieces, pieceBytes });
  }

  async #whole(method: CaptureMethod): Promise<WholeImage> {
    const { lab, gate, report } = this.#parts;
    await using image = await createScratchImage(lab.scratch);
    const taken = await takeImage({ path: lab.path(), image, gate, clock: systemClock, method });
    const { problems, commits } = examineBank(image.path);
    if (problems.length > 0) report(`${taken.method}: ${problems.join('; ')}`);
    return { taken, commits, bytes: readFileSync(image.path) };
  }
}
