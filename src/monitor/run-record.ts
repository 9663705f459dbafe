/** One run of Keepsake, as the history keeps it. */

/** Exactly one of these. */
export type RunOutcome = 'ok' | 'warning' | 'partial' | 'failed' | 'skipped';

export interface RunStep {
  readonly name: string;
  readonly durationMs: number;
}

export interface RunRecord {
  readonly verb: string;
  readonly app?: string | undefined;
  /** Without a password that stood in the URL. */
  readonly repository?: string | undefined;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly outcome: RunOutcome;
  /** Why it is not `ok`. */
  readonly reason?: string | undefined;
  readonly snapshotId?: string | undefined;
  readonly fileCount?: number | undefined;
  readonly sizeBytes?: number | undefined;
  /** What the repository grew by. */
  readonly addedBytes?: number | undefined;
  readonly steps?: readonly RunStep[] | undefined;
}
