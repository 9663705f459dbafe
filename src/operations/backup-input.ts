import type { CompressionMode } from '../format/compression.ts';
import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { ArchiveCounts, ItemAction } from '../snapshot/archive-counts.ts';
import type { ArchivedDatabase } from '../snapshot/archive-database.ts';
import type { ArchiveProblem } from '../snapshot/archive-options.ts';
import type { CheckPolicy } from '../snapshot/check-policy.ts';
import type { FileReference } from '../snapshot/cross-check.ts';
import type { Manifest, ManifestMachine } from '../snapshot/manifest.ts';
import type { CaptureMethod, CaptureWarning } from '../sqlite/capture.ts';
import type { RepositoryChoice } from './workbench.ts';

/** What is backed up: an app of the config, or plain paths. */
export interface BackupSubject {
  /** Name of the app; absent for plain paths. */
  readonly app?: string | undefined;
  readonly appVersion?: string | undefined;
  /** Absolute raw paths. */
  readonly paths: readonly string[];
  /** Paths whose absence is no problem. */
  readonly optionalPaths: readonly string[];
  /** Absolute paths of databases that must be captured. */
  readonly databases: readonly string[];
  readonly references: readonly FileReference[];
  readonly excludes: readonly string[];
  /** Where to find what belongs at a path, for files that were moved away meanwhile. */
  readonly locate?: ((path: string) => string) | undefined;
}

/** What `rebuild` needs on an empty machine. */
export interface BackupOrigin {
  /** All of keepsake.yaml. */
  readonly configBytes: Uint8Array;
  readonly machine: ManifestMachine;
}

export interface BackupInput {
  readonly repository: RepositoryChoice;
  readonly subject: BackupSubject;
  /** Of an app of the config. */
  readonly origin?: BackupOrigin | undefined;
  /** Stable over time: retention groups by it. */
  readonly hostname: string;
  readonly tags: readonly string[];
  /** When the snapshot is said to be taken; default now. */
  readonly time?: Date | undefined;
  readonly only?: 'database' | undefined;
  readonly excludeCaches: boolean;
  readonly oneFileSystem: boolean;
  readonly dryRun: boolean;
  /** Tell of each file that is new or changed. */
  readonly wantItems: boolean;
  /** With `wantItems`: of the others, too. */
  readonly wantUnmodified?: boolean | undefined;
  readonly compression?: CompressionMode | undefined;
  readonly packSizeBytes: number;
  /** Default `raw`. */
  readonly captureMethod?: CaptureMethod | undefined;
  /** Default `daily`. */
  readonly databaseCheck?: CheckPolicy | undefined;
  readonly lockLimitMs?: number | undefined;
  readonly busyLimitMs?: number | undefined;
  readonly lockWaitMs: number;
  readonly signal?: AbortSignal | undefined;
}

export type BackupPhase = 'opening' | 'files' | 'databases' | 'changes' | 'storing';

export type BackupEvent =
  | { type: 'lock-wait'; error: KeepsakeError }
  /** `manifest` tells about how much the walk will meet again. */
  | { type: 'parent'; id: string | undefined; manifest: Manifest | undefined }
  | {
      type: 'progress';
      phase: BackupPhase;
      elapsedMs: number;
      filesDone: number;
      bytesDone: number;
      bytesRead: number;
      storedBytes: number;
    }
  | { type: 'item'; path: string; action: ItemAction; sizeBytes: number; isDirectory: boolean }
  | { type: 'database'; database: ArchivedDatabase }
  | { type: 'problem'; problem: ArchiveProblem }
  | { type: 'warning'; path: string; warning: CaptureWarning };

/**
 * How a run ends. `failed`: a configured database is missing from the snapshot, which is kept for
 * its files. `partial`: something else could not be read.
 */
export type BackupOutcome = 'ok' | 'warning' | 'partial' | 'failed';

export interface BackupResult {
  readonly outcome: BackupOutcome;
  /** Absent in a dry run. */
  readonly snapshotId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly manifest: Manifest;
  readonly counts: ArchiveCounts;
  readonly problems: readonly ArchiveProblem[];
  readonly warnings: readonly { path: string; warning: CaptureWarning }[];
  readonly tags: readonly string[];
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly dryRun: boolean;
}
