/**
 * Raw captures of a hostile app by the thousand, each judged by what must hold in every committed
 * state: beside writer, checkpointer and slow reader, with the writer killed now and then, and read
 * fast or slowly; with a WAL also captures of changes that follow each other. Below the check of the finished image, which would only hide what is wrong.
 *
 * Arguments: journal mode, seed, number of the first capture, count. The same numbers begin the same
 * way, however the whole is cut into parts. Writes the tally as JSON to stdout, wrong ones to stderr.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { openGate, type Gate } from '../../src/sqlite/gate.ts';
import { createScratchImage } from '../../src/sqlite/scratch-image.ts';
import { takeImage, type CaptureMethod } from '../../src/sqlite/take-image.ts';
import { openLab, type CaptureLab } from './capture-lab.ts';
import { ChangesSeries } from './soak-changes.ts';
import { startBank, type BankApp } from './sqlite-bank-app.ts';
import { examineBank } from './sqlite-bank.ts';
import { killSqliteProgram, startSqliteProgram } from './sqlite-session.ts';
import { SeededRandom } from './wishlist-app/seeded-random.ts';

/** Captures of one database; then another begins. */
const ROUND = 250;
const SLOW_SHARE = 0.2;
const KILL_SHARE = 0.02;
/** Of captures after which a calm time begins, with a WAL: nobody checkpoints but the writer itself. */
const CALM_SHARE = 0.02;
const LONGEST_CALM = 50;

const [mode = '', seed = '1', from = '0', count = '1000'] = process.argv.slice(2);
const journalMode = mode === 'wal' ? 'wal' : 'delete';

const tally = {
  captures: 0,
  wrong: 0,
  /** Stayed raw; the rest went over to SQLite's backup. */
  raw: 0,
  slow: 0,
  kills: 0,
  /** Of a database whose writer was killed a moment ago, by both ways. */
  dead: 0,
  /** Not taken, and said: locked for longer than the limit. */
  refused: 0,
  states: 0,
  partial: 0,
  full: 0,
  equal: 0,
};

/** Writer, checkpointer and slow reader: killed together, as the processes of one app are. */
interface HostileApp {
  readonly bank: BankApp;
  kill(): Promise<void>;
}

class Round implements AsyncDisposable {
  readonly #lab: CaptureLab;
  readonly #gate: Gate;
  readonly #random: SeededRandom;
  readonly #states = new Set<number>();
  readonly #series: ChangesSeries;
  #app: HostileApp;
  #calmLeft = 0;
  /** Told by writers that are gone. */
  #acknowledged = 0;

  private constructor(parts: {
    lab: CaptureLab;
    gate: Gate;
    app: HostileApp;
    random: SeededRandom;
  }) {
    this.#lab = parts.lab;
    this.#gate = parts.gate;
    this.#app = parts.app;
    this.#random = parts.random;
    this.#series = new ChangesSeries({ ...parts, tally, report });
  }

  static async start(gate: Gate, lab: CaptureLab, number: number): Promise<Round> {
    const random = new SeededRandom(Number(seed) * 1_000_003 + number);
    return new Round({ lab, gate, random, app: await startApp(lab, random) });
  }

  async captures(total: number): Promise<void> {
    for (let done = 0; done < total; done += 1) {
      if (this.#random.chance(KILL_SHARE)) await this.#killWriter();
      if (journalMode === 'wal' && this.#calmLeft === 0) await this.#beginCalm();
      if (this.#calmLeft === 0) await this.#capture('raw', done);
      else await this.#captureInCalm();
    }
    tally.states += this.#states.size;
  }

  async #beginCalm(): Promise<void> {
    if (!this.#random.chance(CALM_SHARE)) return;
    this.#calmLeft = 1 + this.#random.below(LONGEST_CALM);
    await this.#app.bank.restCheckpoints();
  }

  async #captureInCalm(): Promise<void> {
    await this.#series.capture(this.#app.bank).catch(refuse);
    this.#calmLeft -= 1;
    if (this.#calmLeft === 0) this.#app.bank.goCheckpoints();
  }

  /** As `kill -9` in the middle of whatever it did; each way must give all it acknowledged. */
  async #killWriter(): Promise<void> {
    await this.#app.kill();
    this.#acknowledged = await this.#committed();
    tally.kills += 1;
    const seen: (number | undefined)[] = [];
    for (const method of ['raw', 'backup'] as const) seen.push(await this.#capture(method, -1));
    tally.dead += 2;
    if (seen[0] !== seen[1] && !seen.includes(undefined))
      report(`ways differ: raw has ${seen[0]}, backup ${seen[1]}`);
    this.#app = await startApp(this.#lab, this.#random, this.#calmLeft > 0);
  }

  async #committed(): Promise<number> {
    return Math.max(this.#acknowledged, await this.#app.bank.committed());
  }

  /** Gives the number of the commit that it shows. */
  async #capture(method: CaptureMethod, number: number): Promise<number | undefined> {
    const random = this.#random;
    const acknowledged = await this.#committed();
    const isSlow = random.chance(SLOW_SHARE);
    const atStage = () => (isSlow ? sleep(random.below(25)) : Promise.resolve());
    const parts = { path: this.#lab.path(), gate: this.#gate, clock: systemClock, atStage };
    tally.captures += 1;
    if (isSlow) tally.slow += 1;
    try {
      await using image = await createScratchImage(this.#lab.scratch);
      const taken = await takeImage({ ...parts, image, method });
      const { problems, commits } = examineBank(image.path);
      if (commits < acknowledged) problems.push(`${commits} of ${acknowledged} commits`);
      if (problems.length > 0)
        report(`capture ${number} (${taken.method}): ${problems.join('; ')}`);
      if (taken.method === 'raw') tally.raw += 1;
      this.#states.add(commits);
      return commits;
    } catch (error) {
      refuse(error);
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.kill();
    const left = this.#lab.leftovers();
    if (left.length > 0) report(`left in scratch: ${left.join(', ')}`);
  }
}

async function startApp(
  lab: CaptureLab,
  random: SeededRandom,
  isCalm = false,
): Promise<HostileApp> {
  const bank = await startBank({
    database: lab.path(),
    journalMode,
    progressFile: lab.outside('progress'),
    seed: random.uint32(),
    checkpointer: journalMode === 'wal' && (isCalm ? 'resting' : true),
  });
  const readerArgs = [lab.path(), String(random.uint32())];
  const reader = await startSqliteProgram('sqlite-slow-reader-main', readerArgs);
  return {
    bank,
    async kill() {
      await bank.kill();
      await killSqliteProgram(reader);
    },
  };
}

function refuse(error: unknown): void {
  tally.refused += 1;
  process.stderr.write(`refused: ${String(error)}\n`);
}

function report(problem: string): void {
  tally.wrong += 1;
  process.stderr.write(`WRONG (${journalMode}, seed ${seed}, from ${from}): ${problem}\n`);
}

await using gate = openGate();
const end = Number(from) + Number(count);
for (let at = Number(from); at < end; at += ROUND) {
  await using lab = await openLab(gate);
  await using round = await Round.start(gate, lab, at / ROUND);
  await round.captures(Math.min(ROUND, end - at));
}
process.stdout.write(`${JSON.stringify(tally)}\n`);
