/** What every part of the benchmark is: jobs, saved one by one, and their results as Markdown. */
import type { DataSet } from './data-sets.ts';
import type { MeasuredCommand } from './low-memory.ts';
import type { PartName } from './part-names.ts';
import type { SavedPart } from './result-file.ts';
import type { Settings } from './settings.ts';
import type { Verdict } from './verdict.ts';
import type { Workshop } from './workshop.ts';

export interface Job {
  /** Under which the result is saved; a job whose result is there is not run again. */
  readonly key: string;
  run(): Promise<unknown>;
}

export interface PartContext {
  readonly settings: Settings;
  readonly workshop: Workshop;
  /** Those of this build that take `--low-memory`. */
  readonly lowMemoryCommands: ReadonlySet<MeasuredCommand>;
  provide(set: DataSet): string;
}

export interface Rendered {
  readonly markdown: string;
  readonly verdicts: readonly Verdict[];
}

export interface Part {
  readonly name: PartName;
  /** At most, data included: what is not there is refused before anything is written. */
  neededBytes(settings: Settings): number;
  jobs(context: PartContext): readonly Job[];
  render(saved: SavedPart): Rendered;
}
