import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import type { SnapshotInput } from './open-snapshot.ts';

export interface VerifyInput extends SnapshotInput {
  /** Absolute. Restored there, and left there; absent: in the scratch folder, and removed. */
  readonly keep?: string | undefined;
}

/** One thing that is not as it should be. */
export interface Difference {
  readonly what: string;
  /** Absent where `actual` says all. */
  readonly expected?: string | number | undefined;
  readonly actual: string | number;
}

/** What was looked at, by its counts. */
export type Checked =
  /** Of a live app: every file was read. */
  | { readonly check: 'read'; readonly fileCount: number; readonly sizeBytes: number }
  /** Every file was read back and compared by its hashes. */
  | { readonly check: 'content'; readonly fileCount: number; readonly sizeBytes: number }
  /** Files below one path of the backup, against the manifest. */
  | { readonly check: 'counts'; readonly fileCount: number; readonly sizeBytes: number }
  | { readonly check: 'integrity'; readonly uncheckedTables: readonly string[] }
  | { readonly check: 'foreign-keys'; readonly violationCount: number }
  | { readonly check: 'pages'; readonly pageCount: number; readonly pageSize: number }
  | { readonly check: 'schema'; readonly tableCount: number; readonly lastMigration?: string }
  | { readonly check: 'rows'; readonly tableCount: number; readonly rowCount: number }
  | {
      readonly check: 'references';
      readonly folder: string;
      readonly namedCount: number;
      readonly missingCount: number;
    }
  | { readonly check: 'orphans'; readonly orphanCount: number };

export type Judgement = Checked & {
  /** The path of a file, folder or database in the snapshot, or `table.column`. */
  readonly item: string;
  /** Empty: all is as it should be. */
  readonly differences: readonly Difference[];
};

export type VerifyPhase = 'restoring' | 'comparing';

export type VerifyEvent =
  | {
      readonly kind: 'begin';
      readonly stored: StoredSnapshot;
      readonly hasManifest: boolean;
      readonly sizeBytes: number;
    }
  | {
      readonly kind: 'progress';
      readonly phase: VerifyPhase;
      readonly doneBytes: number;
      readonly sizeBytes: number;
    }
  /** One file or folder that is not as it was backed up; it is part of the judgement that follows. */
  | { readonly kind: 'item-error'; readonly path: string; readonly error: KeepsakeError }
  /** Worth knowing, and no difference. */
  | { readonly kind: 'warning'; readonly path: string; readonly message: string }
  | { readonly kind: 'judgement'; readonly judgement: Judgement };

export interface RestoredTotals {
  readonly judgements: readonly Judgement[];
  readonly success: boolean;
  readonly databaseCount: number;
  readonly tableCount: number;
  readonly rowCount: number;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

export interface VerifyResult extends RestoredTotals {
  readonly stored: StoredSnapshot;
  readonly hasManifest: boolean;
  readonly keptIn: string | undefined;
  readonly durationMs: number;
}
