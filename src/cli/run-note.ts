/** What a command tells of its run while it goes on; what is missing is taken from how it ends. */
import type { RunRecord } from '../monitor/run-record.ts';

export type RunFacts = Partial<Omit<RunRecord, 'verb' | 'startedAt' | 'durationMs'>>;

export interface RunNote {
  readonly verb: string;
  readonly startedAt: Date;
  readonly startedMs: number;
  facts: RunFacts;
}
