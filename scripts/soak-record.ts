/** What soak runs came to, kept from run to run, and the page made of it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface SoakRun {
  readonly part: string;
  readonly what: string;
  readonly seed: number;
  /** First of the captures it made; 0 where it is not cut into pieces. */
  readonly from: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly wrong: number;
  readonly minutes: number;
  readonly date: string;
  /** Commit of the tree, with a `+` where it was changed. */
  readonly commit: string;
}

export interface Machine {
  readonly node: string;
  readonly sqlite: string;
  readonly system: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGib: number;
}

/** Of a command that was killed at its operation N, for each N: begins the name of its count. */
export const DEATHS_OF = 'deaths of ';

export class SoakRecord {
  readonly #path: string;
  #runs: readonly SoakRun[];

  constructor(path: string) {
    this.#path = path;
    this.#runs = readRuns(path);
  }

  get runs(): readonly SoakRun[] {
    return this.#runs;
  }

  /** The same piece run again takes the place of the earlier one; others may run at once. */
  add(run: SoakRun): void {
    const key = keyOf(run);
    this.#runs = [...readRuns(this.#path).filter((each) => keyOf(each) !== key), run];
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, `${JSON.stringify(this.#runs, null, 2)}\n`);
  }

  clear(): void {
    this.#runs = [];
    rmSync(this.#path, { force: true });
  }
}

function keyOf({ part, seed, from }: SoakRun): string {
  return `${part} ${seed} ${from}`;
}

function readRuns(path: string): SoakRun[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SoakRun[];
  } catch {
    return []; // nothing was run yet
  }
}

/** docs/soak.md: a row for each part, all its pieces and seeds together; and what was never run. */
export function soakPage(
  runs: readonly SoakRun[],
  machine: Machine,
  allParts: readonly string[],
): string {
  const parts = allParts.filter((part) => runs.some((run) => run.part === part));
  const missing = allParts.filter((part) => !parts.includes(part));
  const rows = parts.map((part) => rowOf(runs.filter((run) => run.part === part)));
  const wrong = runs.reduce((sum, run) => sum + run.wrong, 0);
  const captures = sumOf(runs, (name) => name === 'captures');
  const deaths = sumOf(runs, (name) => name.startsWith(DEATHS_OF));
  const { node, sqlite, system, cores, processor, memoryGib } = machine;
  return [
    '# Soak',
    '',
    'Written by `npm run soak`: the live and crash suites for hours instead of minutes, with fixed seeds.',
    '',
    `**${captures.toLocaleString('en')} raw captures, ${deaths.toLocaleString('en')} deaths, ${wrong} wrong** (${spanOf(runs)}).`,
    '',
    `Node ${node}, SQLite ${sqlite}, ${system}, ${cores} cores (${processor}), ${memoryGib} GiB.`,
    '',
    '| part | what | seeds | counts | wrong | minutes | commit |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    missing.length === 0 ? 'All parts were run.' : `**Not run:** ${missing.join(', ')}.`,
    '',
    '`raw`: whole, and read page by page, outside of series; the others went over to SQLite’s backup',
    'after doubts, or were asked for. `slow`: read with pauses. `dead`: right after the writer was killed,',
    'by both ways. `refused`: not taken, and said so.',
    '`states`: different commits seen. `partial`: only what was committed since the one before was read,',
    'and the whole judged; `full`: in such a series, read whole; `equal`: partial ones that were compared',
    'byte for byte with SQLite’s backup of the same state, or with a raw image of the same last commit.',
    '',
    '`deaths of` a command: killed, or met by a full disk, at its operation N for N = 1, 2, 3 … until it',
    'succeeds; what is compared after each stands in [data-safety.md](data-safety.md).',
    '',
  ].join('\n');
}

function sumOf(runs: readonly SoakRun[], isMeant: (name: string) => boolean): number {
  const all = runs.flatMap(({ counts }) => Object.entries(counts));
  return all.reduce((sum, [name, value]) => sum + (isMeant(name) ? value : 0), 0);
}

function rowOf(runs: readonly SoakRun[]): string {
  const [first] = runs;
  const totals: Record<string, number> = {};
  for (const { counts } of runs) {
    for (const [name, value] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + value;
  }
  const counts = Object.entries(totals).map(([name, value]) => `${name} ${value}`);
  const wrong = runs.reduce((sum, run) => sum + run.wrong, 0);
  const minutes = runs.reduce((sum, run) => sum + run.minutes, 0).toFixed(1);
  const seeds = distinct(runs.map(({ seed }) => String(seed)));
  const commits = distinct(runs.map(({ commit }) => commit));
  const cells = [first?.part, first?.what, seeds, counts.join(', '), wrong, minutes, commits];
  return `| ${cells.join(' | ')} |`;
}

function distinct(values: readonly string[]): string {
  return [...new Set(values)].sort().join(', ');
}

function spanOf(runs: readonly SoakRun[]): string {
  const dates = [...new Set(runs.map(({ date }) => date))].sort();
  const [first = 'never', last = first] = [dates[0], dates.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}
