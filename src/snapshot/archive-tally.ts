import type { Clock } from '../base/clock.ts';
import { fileCountOf, type FileTally } from './archive-counts.ts';
import type { ArchivedDatabase } from './archive-database.ts';
import type { ArchiveOptions } from './archive-options.ts';
import { crossCheck, FolderListing } from './cross-check.ts';
import type { FolderNames } from './folder-names.ts';
import { FolderTotals } from './folder-totals.ts';
import type { Manifest, ManifestLook } from './manifest.ts';

/** A folder of files alone. */
export interface NotedFolder {
  readonly path: string;
  readonly files: FileTally;
  readonly names: () => Iterable<string>;
}

/** Counts what the snapshot holds, for its manifest. */
export class ArchiveTally {
  readonly #options: ArchiveOptions;
  readonly #clock: Clock;
  readonly #captureStart: Date;
  #totals: FolderTotals;
  readonly #listing: FolderListing;

  constructor(options: ArchiveOptions, names: FolderNames) {
    this.#options = options;
    this.#clock = options.clock;
    this.#captureStart = options.beganAt ?? options.clock.now();
    this.#totals = this.#newTotals();
    const folders = options.references.map(({ folder }) => folder);
    this.#listing = new FolderListing(folders, names);
  }

  noteFile(path: string, sizeBytes: number): void {
    this.#totals.note(path, sizeBytes);
    this.#listing.note(path);
  }

  noteFolder({ path, files, names }: NotedFolder): void {
    this.#totals.note(path, files.sizeBytes, fileCountOf(files));
    this.#listing.noteFolder(path, names);
  }

  /** Whether a file directly in one of the referenced folders was noted. */
  hasFile(folder: string, name: string): boolean {
    return this.#listing.namesIn(folder).has(name);
  }

  /** The second pass meets every file again. */
  forgetFiles(): void {
    this.#totals = this.#newTotals();
    this.#listing.clear();
  }

  manifest(
    databases: readonly ArchivedDatabase[],
    wholeFolders: readonly ManifestLook[] = [],
  ): Manifest {
    const named = databases.flatMap(({ names }) => names);
    const known = databases.flatMap((database) => database.known ?? []);
    return {
      version: 1,
      ...this.#options.about,
      captureStart: this.#captureStart.toISOString(),
      captureEnd: this.#clock.now().toISOString(),
      databases: databases.map(({ manifest }) => manifest),
      otherFilesArePlain: true,
      files: this.#totals.totals(),
      ...(wholeFolders.length > 0 && { wholeFolders }),
      ...crossCheck(named, this.#listing, known),
    };
  }

  #newTotals(): FolderTotals {
    return new FolderTotals(this.#options.paths);
  }
}
