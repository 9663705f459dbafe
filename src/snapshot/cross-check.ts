/** Rows against uploads: which rows name a file that is not there, and which files no row names. */
import { NameSet, type NameList } from '../base/name-set.ts';
import { FolderNames } from './folder-names.ts';
import type { ManifestOrphans, ManifestReference } from './manifest.ts';

/** A column that names files of a folder. */
export interface FileReference {
  /** Absolute path of the database. */
  readonly database: string;
  readonly table: string;
  readonly column: string;
  /** Absolute path of the folder. */
  readonly folder: string;
  /** Values that are URLs name no file. */
  readonly ignoreUrls: boolean;
}

export interface NamedFiles extends FileReference {
  readonly names: NameList;
}

/** The parent's check of a database that was not read again; none of its files is gone. */
export interface KnownCheck {
  /** Each with all names that were missing. */
  readonly references: readonly ManifestReference[];
  readonly folders: readonly (ManifestOrphans & {
    /** Files that were there. */
    readonly names: NameList;
  })[];
}

const MISSING_NAMED = 20;
const URL_VALUE = /^https?:\/\//i;

/**
 * Collects the values of a reference's column that name files.
 *
 * @param among other names of files of the same folders
 */
export async function collectNames(
  reference: FileReference,
  values: AsyncIterable<string>,
  among = new FolderNames(),
): Promise<NamedFiles> {
  const names = among.newSet(reference.folder);
  for await (const value of values) {
    if (value === '' || (reference.ignoreUrls && URL_VALUE.test(value))) continue;
    names.add(value);
  }
  return { ...reference, names };
}

/** Names of the regular files directly in each referenced folder, as the snapshot holds them. */
export class FolderListing {
  readonly #names = new Map<string, NameSet>();

  /** @param among other names of files of these folders */
  constructor(folders: Iterable<string>, among = new FolderNames()) {
    for (const folder of folders) {
      if (!this.#names.has(folder)) this.#names.set(folder, among.newSet(folder));
    }
  }

  /** Told of every file in the snapshot. */
  note(path: string): void {
    const slash = path.lastIndexOf('/');
    this.#names.get(path.slice(0, slash) || '/')?.add(path.slice(slash + 1));
  }

  /** Told of all files of a folder together; `names` is asked only where somebody wants them. */
  noteFolder(folder: string, names: () => Iterable<string>): void {
    const known = this.#names.get(folder);
    if (known === undefined) return;
    for (const name of names()) known.add(name);
  }

  /** As if none had been told of. */
  clear(): void {
    for (const names of this.#names.values()) names.clear();
  }

  namesIn(folder: string): NameList {
    return this.#names.get(folder) ?? new NameSet();
  }

  folders(): Iterable<string> {
    return this.#names.keys();
  }
}

export function crossCheck(
  references: readonly NamedFiles[],
  listing: FolderListing,
  known: readonly KnownCheck[] = [],
): { references: ManifestReference[]; orphans: ManifestOrphans[] } {
  return {
    references: [
      ...references.map((reference) => judge(reference, listing)),
      ...known.flatMap((check) => check.references.map((of) => judgeKnown(of, listing))),
    ],
    orphans: [...listing.folders()].map((folder) => ({
      folder,
      orphanCount:
        countKnownOrphans(folder, known, listing) ?? countOrphans(folder, references, listing),
    })),
  };
}

function judge(
  { database, table, column, folder, ignoreUrls, names }: NamedFiles,
  listing: FolderListing,
): ManifestReference {
  const present = listing.namesIn(folder);
  const missing: string[] = [];
  for (const name of names) if (!present.has(name)) missing.push(name);
  return {
    database,
    table,
    column,
    folder,
    ...(ignoreUrls && { ignoreUrls }),
    namedCount: names.size,
    missingCount: missing.length,
    missing: missing.slice(0, MISSING_NAMED),
  };
}

function countOrphans(
  folder: string,
  references: readonly NamedFiles[],
  listing: FolderListing,
): number {
  const named = references.filter((reference) => reference.folder === folder);
  let orphanCount = 0;
  for (const name of listing.namesIn(folder)) {
    if (!named.some(({ names }) => names.has(name))) orphanCount += 1;
  }
  return orphanCount;
}

/** Files only came: some of them may be what was missing. */
function judgeKnown(known: ManifestReference, listing: FolderListing): ManifestReference {
  const present = listing.namesIn(known.folder);
  const missing = known.missing.filter((name) => !present.has(name));
  return { ...known, missingCount: missing.length, missing };
}

function countKnownOrphans(
  folder: string,
  checks: readonly KnownCheck[],
  listing: FolderListing,
): number | undefined {
  for (const { folders, references } of checks) {
    const known = folders.find((one) => one.folder === folder);
    if (known === undefined) continue;
    const wanted = new Set(references.flatMap((one) => (one.folder === folder ? one.missing : [])));
    let orphanCount = known.orphanCount;
    for (const name of listing.namesIn(folder)) {
      if (!known.names.has(name) && !wanted.has(name)) orphanCount += 1;
    }
    return orphanCount;
  }
  return undefined;
}
