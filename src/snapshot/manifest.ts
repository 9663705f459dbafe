/**
 * The manifest: what a snapshot holds, counted at capture, so that a drill on another machine can
 * judge a restore by it alone. It stands in the snapshot as `/.keepsake/manifest.json`.
 */
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { DatabaseFacts } from '../sqlite/database-facts.ts';
import type { DatabaseState } from '../sqlite/database-state.ts';

export const MANIFEST_FOLDER = '.keepsake';
export const MANIFEST_NAME = 'manifest.json';
export const MANIFEST_PATH = `/${MANIFEST_FOLDER}/${MANIFEST_NAME}`;
/** The text of keepsake.yaml at the time of the backup, byte for byte. */
export const CONFIG_NAME = 'config.yaml';
export const CONFIG_PATH = `/${MANIFEST_FOLDER}/${CONFIG_NAME}`;

/** Whether it is a file that Keepsake added to the snapshot. */
export function isOwnPath(path: string): boolean {
  return path.startsWith(`/${MANIFEST_FOLDER}/`);
}

/** Readers refuse a higher one; fields may be added without raising it. */
const MANIFEST_VERSION = 1;

export interface ManifestDatabase extends DatabaseFacts {
  readonly path: string;
  /** False: found by its content below a path, not named in the config. */
  readonly configured: boolean;
  /** Bytes of the pieces it is stored in; the next backup keeps to it. */
  readonly chunkSizeBytes: number;
  readonly capturedAt: string;
  /** How; `unchanged`: taken over from the snapshot before, because nothing was committed since. */
  readonly captureMethod: string;
  /** How long the read transaction was held. */
  readonly readLockMs: number;
  /** Of its files, as long as which it is unchanged; absent when that could not be told. */
  readonly state?: DatabaseState;
  /** When all of it was read, as opposed to taken over. */
  readonly lastFullReadAt?: string;
  /** Which capture's image SQLite checked (`integrity`, foreign keys); absent: this one's. */
  readonly checkedAt?: string;
}

export interface ManifestFolder {
  readonly path: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

/** What all files of a folder looked like when its tree was made (`source/folder-look.ts`). */
export interface ManifestLook {
  readonly path: string;
  readonly tree: string;
  readonly digest: string;
}

/** Rows against files: the state no checksum can see. */
export interface ManifestReference {
  readonly database: string;
  readonly table: string;
  readonly column: string;
  readonly folder: string;
  /** Values that are URLs were left out. Absent: they were not. */
  readonly ignoreUrls?: boolean;
  /** Rows that name a file. */
  readonly namedCount: number;
  readonly missingCount: number;
  /** The first missing names. */
  readonly missing: readonly string[];
}

export interface ManifestOrphans {
  readonly folder: string;
  /** Files that no row names. Normal in small numbers. */
  readonly orphanCount: number;
}

/** From which file a snapshot was made that is no backup of a live app. */
export interface ManifestImport {
  /** Without its folder. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A user that the config names, as in passwd(5). */
export interface ManifestUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Name of its own group; absent when that has none. */
  readonly group?: string;
  readonly home: string;
  readonly shell: string;
}

/** The checkout of the app's code, which is not in the backup as a rule. */
export interface ManifestCode {
  readonly folder: string;
  /** Without user and password. */
  readonly origin?: string;
  readonly commit?: string;
}

/** What `rebuild` needs of the machine that is gone, beside the config's text. */
export interface ManifestMachine {
  readonly config: {
    readonly path: string;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
  };
  /** Of the app's preset: without the app's code it cannot be found by looking. */
  readonly layout?: string;
  /** Other than root. */
  readonly users: readonly ManifestUser[];
  /** Of the config's `owner`, where it is no user's own. */
  readonly groups: readonly { readonly name: string; readonly gid: number }[];
  readonly code?: ManifestCode;
}

export interface Manifest {
  readonly version: number;
  readonly keepsakeVersion: string;
  readonly app?: string;
  readonly appVersion?: string;
  readonly imported?: ManifestImport;
  /** Of backups of an app of the config. */
  readonly machine?: ManifestMachine;
  readonly hostname: string;
  readonly captureStart: string;
  readonly captureEnd: string;
  readonly databases: readonly ManifestDatabase[];
  /**
   * Whatever begins as a database is in `databases`, or has an entry that the next backup finds
   * changed: a file that it finds unchanged, and that is not listed, is none.
   */
  readonly otherFilesArePlain?: boolean;
  /** The paths that were asked for, each with what lies below it, databases left out. */
  readonly files: readonly ManifestFolder[];
  /** Of folders that hold many files and nothing else. */
  readonly wholeFolders?: readonly ManifestLook[];
  readonly references: readonly ManifestReference[];
  readonly orphans: readonly ManifestOrphans[];
}

export function encodeManifest(manifest: Omit<Manifest, 'version'>): Uint8Array {
  return utf8Encode(`${JSON.stringify({ version: MANIFEST_VERSION, ...manifest }, null, 2)}\n`);
}

/** Throws `SNAPSHOT_MANIFEST_INVALID`. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes));
  } catch (error) {
    throw invalid(describeCause(error), error);
  }
  if (!isManifest(value)) throw invalid('it lacks a list that every manifest has');
  if (value.version > MANIFEST_VERSION) {
    throw invalid(`it is of version ${value.version}, this Keepsake knows ${MANIFEST_VERSION}`);
  }
  return value;
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { version, databases, files, references, orphans } = value as Record<string, unknown>;
  const lists = [databases, files, references, orphans];
  return typeof version === 'number' && lists.every((list) => Array.isArray(list));
}

function invalid(why: string, cause?: unknown): KeepsakeError {
  return new KeepsakeError('SNAPSHOT_MANIFEST_INVALID', { path: MANIFEST_PATH, why }, { cause });
}
