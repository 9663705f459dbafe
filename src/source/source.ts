/**
 * A source: an app, or plain paths, as a stream of entries and chunks. It knows no repository, so
 * that it can also run on another machine.
 */
import type { Node } from '../format/node.ts';
import type { EntryStats } from './entry-stats.ts';

/** A piece of a file's content: what becomes one data blob. */
export interface Chunk {
  /** SHA-256 of `bytes`, hex. */
  readonly id: string;
  /** Valid until the next chunk is asked for. */
  readonly bytes: Uint8Array;
}

/** One entry of the walk, in the order of a depth-first walk, names ordered by bytes. */
export type SourceEntry = DirectoryStart | DirectoryEnd | Leaf | ProblemEntry;

export interface DirectoryStart {
  readonly kind: 'directory-start';
  /** Absolute raw path. */
  readonly path: string;
  /** How many names it lists, where all of them belong to the backup. */
  readonly nameCount?: number;
  /** Before the next entry: nothing in it is told, its end comes next. */
  readonly skip?: () => void;
}

export interface DirectoryEnd {
  readonly kind: 'directory-end';
  readonly path: string;
  /** `content` is null; `subtree` is absent, or what it was: the archiver knows it. */
  readonly node: Node;
}

export interface Leaf {
  readonly kind: 'leaf';
  readonly path: string;
  /** For files `content` is null until `chunks` were read, or what an earlier walk knew. */
  readonly node: Node;
  /**
   * A SQLite database, to be captured through SQLite: `read` would give a torn copy while it is
   * live. Its `-wal`, `-shm` and `-journal` are not part of the walk.
   */
  readonly database?: boolean;
  /**
   * Whether the file begins as a SQLite database does; where it does, it is to be treated as one.
   * Opens the file, so it is asked only where nobody knows. Throws the system's error.
   */
  readonly looksLikeDatabase?: () => boolean;
  /** Of files of this machine: where to read it, and what the walk saw. */
  readonly seen?: SeenFile;
  /** Files only. Not asked for when the parent snapshot shows the file as unchanged. */
  readonly read?: () => FileReading;
}

export interface SeenFile {
  /** Raw; another one than the leaf's where a link is followed. */
  readonly path: string;
  readonly stats: EntryStats;
}

/** Something that could not be read. It is reported, and the run goes on as partial. */
export interface ProblemEntry {
  readonly kind: 'problem';
  readonly path: string;
  readonly error: unknown;
}

/** One file being read: `chunks` to the end, then `finish`; and both again if it still changes. */
export interface FileReading {
  chunks(options?: { signal?: AbortSignal }): AsyncIterable<Chunk>;
  /**
   * After the last chunk: the node as it was when the reading ended (size = bytes read), and
   * whether the file changed while it was read.
   */
  finish(): Promise<{ node: Node; stillChanging: boolean }>;
}
