/** What two manifests tell of the time between them: rows of tables and files of folders. */
import type { TableFacts } from '../sqlite/database-facts.ts';
import type { Manifest, ManifestFolder } from './manifest.ts';

/** Only one of them has it, or it could not be counted there: `undefined`. */
export interface CountChange {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

export interface TableChange extends CountChange {
  readonly table: string;
}

export interface DatabaseTableChange extends TableChange {
  /** Its path. */
  readonly database: string;
}

export interface FolderChange extends CountChange {
  readonly path: string;
  readonly bytesBefore: number | undefined;
  readonly bytesAfter: number | undefined;
}

export interface ManifestChanges {
  /** Those that one side does not have at all included. */
  readonly tables: readonly DatabaseTableChange[];
  /** Below the paths that were asked for, databases left out. */
  readonly folders: readonly FolderChange[];
}

type CountedTable = Pick<TableFacts, 'name' | 'rowCount'>;

/** Tables with another number of rows, by name. */
export function compareTables(
  before: readonly CountedTable[],
  after: readonly CountedTable[],
): TableChange[] {
  const [then, now] = [before, after].map(
    (tables) => new Map(tables.map(({ name, rowCount }) => [name, rowCount ?? undefined])),
  );
  const names = new Set([...before, ...after].map(({ name }) => name));
  return [...names]
    .sort()
    .map((table) => ({ table, before: then?.get(table), after: now?.get(table) }))
    .filter((change) => change.before !== change.after);
}

type Counted = Pick<Manifest, 'databases' | 'files'>;

export function compareManifests(before: Counted, after: Counted): ManifestChanges {
  const databases = union(before.databases, after.databases);
  const folders = union(before.files, after.files);
  return {
    tables: databases.flatMap(([database, old, recent]) =>
      compareTables(old?.tables ?? [], recent?.tables ?? []).map((change) => ({
        database,
        ...change,
      })),
    ),
    folders: folders
      .map(([path, old, recent]) => folderChange(path, old, recent))
      .filter(({ before: then, after: now }) => then !== now),
  };
}

function folderChange(
  path: string,
  old: ManifestFolder | undefined,
  recent: ManifestFolder | undefined,
): FolderChange {
  return {
    path,
    before: old?.fileCount,
    after: recent?.fileCount,
    bytesBefore: old?.sizeBytes,
    bytesAfter: recent?.sizeBytes,
  };
}

/** By path, in the order of the paths. */
function union<T extends { readonly path: string }>(
  before: readonly T[],
  after: readonly T[],
): [path: string, before: T | undefined, after: T | undefined][] {
  const [then, now] = [before, after].map((list) => new Map(list.map((each) => [each.path, each])));
  const paths = new Set([...before, ...after].map(({ path }) => path));
  return [...paths].sort().map((path) => [path, then?.get(path), now?.get(path)]);
}
