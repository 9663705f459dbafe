/** What an archive run is given, and what it gives back. */
import type { Clock } from '../base/clock.ts';
import type { FolderLook } from '../source/folder-look.ts';
import type { KnownEntries } from '../source/known-entry.ts';
import type { SourceEntry } from '../source/source.ts';
import type { CaptureWarning } from '../sqlite/capture.ts';
import type { ArchiveCounts, FileTally } from './archive-counts.ts';
import type { ArchivedDatabase, CaptureSettings } from './archive-database.ts';
import type { ArchivedItem } from './archive-pass-options.ts';
import type { BlobStore } from './blob-writer.ts';
import type { FileReference } from './cross-check.ts';
import type { Manifest } from './manifest.ts';
import type { OwnFile } from './own-file-nodes.ts';
import type { ParentTrees } from './tree-store.ts';

export interface ArchiveSource {
  /** May be walked more than once. `only`: these of its paths, and what leads to them. */
  entries(options: {
    signal?: AbortSignal | undefined;
    only?: readonly string[] | undefined;
    /** Nodes that may be told again as they are. */
    known?: KnownEntries | undefined;
  }): AsyncIterable<SourceEntry>;
  /**
   * A look at all files of a folder that holds many and nothing else.
   *
   * @param options ahead: one that was taken since the first walk is said to have begun will do
   */
  look?(folder: string, options?: { ahead?: boolean }): Promise<FolderLook | undefined>;
}

export interface ArchiveParent {
  readonly tree: string;
  readonly trees: ParentTrees;
  readonly manifest?: Manifest | undefined;
  /** All attributes of its files were read, by the user who runs this. */
  readonly hasAllAttributes?: boolean | undefined;
}

export interface ArchiveOptions {
  readonly store: BlobStore;
  readonly source: ArchiveSource;
  readonly clock: Clock;
  /** When the first look at the source was taken. Default: now. */
  readonly beganAt?: Date | undefined;
  readonly capture: CaptureSettings;
  /** Absolute paths; each must be captured, or the snapshot is not complete. */
  readonly configuredDatabases: readonly string[];
  readonly references: readonly FileReference[];
  /** The paths that were asked for, for the manifest. */
  readonly paths: readonly string[];
  readonly about: Pick<Manifest, 'keepsakeVersion' | 'hostname'> &
    Partial<Pick<Manifest, 'app' | 'appVersion' | 'imported' | 'machine'>>;
  /** Stored beside the manifest. */
  readonly ownFiles?: readonly OwnFile[] | undefined;
  readonly parent?: ArchiveParent | undefined;
  readonly readers: number;
  readonly listener?: ArchiveListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ArchiveListener {
  /** Each entry once: in the pass that found it new or changed. */
  onItem?(item: ArchivedItem): void;
  /** Instead of `onItem` for each of its files: none of them changed. */
  onWholeFolder?(files: FileTally): void;
  onBytes?(bytes: number): void;
  onPhase?(phase: 'files' | 'databases' | 'changes'): void;
  onDatabase?(database: ArchivedDatabase): void;
}

export interface ArchiveProblem {
  readonly path: string;
  readonly error: unknown;
  /**
   * `file`: something is missing or may be torn. `database`: a configured database is missing.
   * `plain`: a database is stored as the plain file it is. `cross-check`: the database is stored,
   * but its rows could not be held against the files. `parent`: an older snapshot is damaged.
   * `link`: what it leads to is not stored.
   */
  readonly kind: 'file' | 'database' | 'plain' | 'cross-check' | 'parent' | 'link';
}

export interface ArchiveResult {
  readonly tree: string;
  readonly manifest: Manifest;
  readonly counts: ArchiveCounts;
  readonly problems: readonly ArchiveProblem[];
  readonly warnings: readonly { path: string; warning: CaptureWarning }[];
}
