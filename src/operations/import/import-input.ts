import type { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { CompressionMode } from '../../format/compression.ts';
import type { FileReference } from '../../snapshot/cross-check.ts';
import type { RepositoryChoice } from '../workbench.ts';
import type { Place } from './import-places.ts';
import type { TimeSource } from './import-time.ts';

/** The app that the files are of, as its config describes it. */
export interface ImportApp {
  readonly name: string;
  readonly root: string;
  readonly paths: readonly string[];
  readonly databases: readonly string[];
  readonly references: readonly FileReference[];
}

export interface ImportInput {
  readonly repository: RepositoryChoice;
  /** Absolute raw paths of archives and databases. */
  readonly files: readonly string[];
  readonly app?: ImportApp | undefined;
  /** Without an app: the folder that an archive's members go below. Default `/`. */
  readonly root?: string | undefined;
  /** Where a single database belongs; below the app's root if it is relative. */
  readonly as?: string | undefined;
  /** Of the snapshots; else it is found out for each file. */
  readonly time?: Date | undefined;
  readonly hostname: string;
  readonly tags: readonly string[];
  /** Patterns for members that are left out. */
  readonly exclude: readonly string[];
  readonly dryRun: boolean;
  readonly compression?: CompressionMode | undefined;
  readonly packSizeBytes: number;
  readonly lockWaitMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ImportedDatabase {
  /** Where it stands in the snapshot. */
  readonly path: string;
  /** `sound`: captured. `torn`: stored as the plain file it is. */
  readonly verdict: 'sound' | 'torn' | 'broken-references';
  readonly rowCount: number;
  /** Why it is not sound. */
  readonly reason?: string | undefined;
}

/**
 * `unverified`: a database of it is torn, or its rows point nowhere. `partial`: a database or the
 * uploads of the app are not in it. `skipped`: it was imported before.
 */
export type ImportOutcome = 'imported' | 'partial' | 'unverified' | 'skipped' | 'failed';

/** One of the files, and what became of it. */
export interface ImportedFile {
  readonly file: string;
  readonly outcome: ImportOutcome;
  /** Absent in a dry run and after a failure; of a skipped file that of the first import. */
  readonly snapshotId?: string | undefined;
  readonly time?: Date | undefined;
  readonly timeSource?: TimeSource | undefined;
  readonly places: readonly Place[];
  readonly tags: readonly string[];
  readonly databases: readonly ImportedDatabase[];
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly storedBytes: number;
  /** What a person should know although it went well. */
  readonly notes: readonly string[];
  readonly error?: KeepsakeError | undefined;
}

export type ImportEvent =
  | { type: 'lock-wait'; error: KeepsakeError }
  | {
      type: 'progress';
      phase: 'looking' | 'storing';
      file: string;
      memberCount: number;
      bytes: number;
    }
  | { type: 'file'; imported: ImportedFile };

export interface ImportResult {
  readonly files: readonly ImportedFile[];
  readonly dryRun: boolean;
  readonly durationMs: number;
}
