/**
 * What the gate process is asked and answers: one request at a time, JSON over the IPC channel.
 * Paths are raw names; a lone surrogate passes JSON unharmed (it is escaped).
 */
import type { DatabaseChecks, DatabaseContents, SchemaFacts } from './database-facts.ts';

/** What a read lock needs to be told. */
export interface LockRequest {
  readonly source: string;
  /** Refused if `-shm` is gone at the last moment. */
  readonly needsShm: boolean;
  /** How long one attempt waits for a lock. */
  readonly busyTimeoutMs: number;
  /** The gate ends itself if the read lock lasts longer. */
  readonly lockLimitMs: number;
}

export interface CopyRequest extends LockRequest {
  readonly kind: 'copy';
  readonly image: string;
}

/** Takes the read lock and keeps it until `release`, while another process reads the files. */
export interface HoldRequest extends LockRequest {
  readonly kind: 'hold';
}

/** Writes an image over a live database, in one transaction. */
export interface OverwriteRequest {
  readonly kind: 'overwrite';
  readonly image: string;
  readonly target: string;
  /** For the app's lock; after that nothing was written for certain. */
  readonly waitMs: number;
}

export interface ColumnReference {
  readonly table: string;
  readonly column: string;
}

export type GateRequest =
  | CopyRequest
  | HoldRequest
  | OverwriteRequest
  | { readonly kind: 'release' }
  /** Rolls back or checkpoints a raw copy, so that the image needs no files beside it. */
  | { readonly kind: 'recover'; readonly image: string }
  | { readonly kind: 'contents'; readonly image: string }
  | { readonly kind: 'check'; readonly image: string; readonly fullIntegrity: boolean }
  /** Answered by `values`; `next` asks for more. */
  | {
      readonly kind: 'references';
      readonly image: string;
      readonly references: readonly ColumnReference[];
    }
  | { readonly kind: 'next' }
  /** Of the database whose read lock is held, in the state that it holds. */
  | { readonly kind: 'held-schema' }
  | { readonly kind: 'held-references'; readonly references: readonly ColumnReference[] };

export type GateAnswer =
  /** Not the last answer: the read lock is held from now on. */
  | { readonly kind: 'locked' }
  | { readonly kind: 'copied'; readonly readLockMs: number }
  | { readonly kind: 'held' }
  | { readonly kind: 'released'; readonly readLockMs: number }
  /** A gate that was started anew holds nothing. */
  | { readonly kind: 'not-held' }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'overwritten'; readonly outcome: 'written' | 'busy' }
  | { readonly kind: 'contents'; readonly contents: DatabaseContents }
  | { readonly kind: 'schema'; readonly schema: SchemaFacts }
  | { readonly kind: 'checked'; readonly checks: DatabaseChecks }
  | { readonly kind: 'values'; readonly values: readonly string[]; readonly done: boolean }
  | { readonly kind: 'column-missing'; readonly table: string; readonly column: string }
  /** `sqliteCode` is SQLite's extended result code; absent when something else failed. */
  | { readonly kind: 'failed'; readonly sqliteCode?: number; readonly message: string };

/** Extended result codes, https://www.sqlite.org/rescode.html. */
export const SqliteCode = {
  busy: 5,
  locked: 6,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
  readonlyRecovery: 264,
  readonlyCannotLock: 520,
  readonlyRollback: 776,
  readonlyCannotInit: 1288,
} as const;

/** The primary result code is the low byte of the extended one. */
export function primaryCode(sqliteCode: number): number {
  return sqliteCode & 0xff;
}

/**
 * A URI for SQLite that means exactly this path: every byte is escaped, so that no name can add a
 * parameter and names that are not UTF-8 work (https://www.sqlite.org/uri.html).
 */
export function sqliteUri(pathBytes: Uint8Array, parameters: string): string {
  let escaped = '';
  for (const byte of pathBytes) {
    const char = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9/_.-]/.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return `file:${escaped}?${parameters}`;
}
