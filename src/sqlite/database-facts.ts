/** What is known about a captured database: goes into the manifest and is compared after a restore. */
import type { AutoVacuum, TextEncoding } from './database-file.ts';

export interface TableFacts {
  readonly name: string;
  /**
   * `shadow` tables hold the data of a `virtual` one (FTS5 and the like). Rows of virtual tables
   * are not counted: their module may not be known here.
   */
  readonly kind: 'table' | 'virtual' | 'shadow';
  /** `null`: not counted (virtual), or not readable (damaged). */
  readonly rowCount: number | null;
}

export interface IntegrityFacts {
  readonly result: 'ok' | 'damaged';
  /**
   * `changed_pages`: SQLite checked an earlier capture and found it sound; of this one only the
   * pages that were new were looked at.
   */
  readonly check: 'quick_check' | 'integrity_check' | 'changed_pages';
  /** The first 10, in SQLite's words. */
  readonly problems: readonly string[];
  /** Tables that only the app's own SQLite can check (own collation or function). */
  readonly uncheckedTables: readonly string[];
}

/** What the first page and the size of the file tell. */
export interface HeaderFacts {
  readonly pageSize: number;
  readonly pageCount: number;
  readonly sizeBytes: number;
  /** The file only tells WAL from a rollback journal, which is `delete` here in all its kinds. */
  readonly journalMode: 'wal' | 'delete';
  readonly encoding: TextEncoding;
  readonly autoVacuum: AutoVacuum;
  readonly userVersion: number;
  readonly applicationId: number;
  /** Of the last program that wrote the header; absent before SQLite 3.7. */
  readonly sqliteVersion?: string;
}

/** What queries tell that need not read all of it. */
export interface SchemaFacts {
  /** SHA-256 (hex) over the sorted definitions of everything but SQLite's own tables. */
  readonly schemaHash: string;
  /** Sorted by name; SQLite's own tables are left out. */
  readonly tables: readonly TableFacts[];
  /** Name of the newest finished row of `_prisma_migrations`. */
  readonly lastMigration?: string;
  /** Rows of `_prisma_migrations` neither finished nor rolled back; absent without that table. */
  readonly unfinishedMigrations?: number;
}

export interface DatabaseContents extends HeaderFacts, SchemaFacts {}

/** What SQLite's own checks say, which read all of the database. */
export interface DatabaseChecks {
  readonly integrity: IntegrityFacts;
  readonly foreignKeyViolations: number;
  /** Tables whose foreign keys name no proper key, so that SQLite cannot check them. */
  readonly foreignKeysUnchecked: readonly string[];
}

export interface DatabaseFacts extends DatabaseContents, DatabaseChecks {}
