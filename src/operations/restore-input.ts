import type { StoredSnapshot } from '../repository/repository.ts';
import type { ManifestDatabase } from '../snapshot/manifest.ts';
import type { Overwrite, RestoreEvent, RestoreTotals } from '../snapshot/restore-options.ts';
import type { SnapshotInput } from './open-snapshot.ts';

export interface RestoreInput extends SnapshotInput {
  /** Absolute. */
  readonly target: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly overwrite: Overwrite;
  readonly dryRun: boolean;
  readonly verify: boolean;
  readonly sparse: boolean;
}

export type RestoreNews =
  | {
      readonly kind: 'begin';
      readonly stored: StoredSnapshot;
      readonly subfolder: string;
      readonly target: string;
      /** The path of the snapshot that the target lies in: the next backup will hold the copy, too. */
      readonly insideOf: string | undefined;
      /** Of the whole snapshot, if all of it is restored and it says so. */
      readonly expected: { readonly fileCount: number; readonly sizeBytes: number } | undefined;
    }
  | Exclude<RestoreEvent, { kind: 'summary' }>;

/** A database that was restored. */
export interface RestoredDatabase {
  /** In the snapshot, below the subfolder. */
  readonly path: string;
  /** Where it is now. */
  readonly at: string;
  readonly manifest: ManifestDatabase;
}

/** `damaged`: the repository lost something; `different`: what was written reads otherwise. */
export type RestoreOutcome = 'ok' | 'partial' | 'different' | 'damaged';

export interface RestoreResult {
  readonly outcome: RestoreOutcome;
  readonly stored: StoredSnapshot;
  readonly target: string;
  readonly totals: RestoreTotals;
  readonly databases: readonly RestoredDatabase[];
  readonly dryRun: boolean;
  readonly verified: boolean;
  readonly durationMs: number;
}
