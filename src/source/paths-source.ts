/** The paths of a backup as a source: the walk, and how its files are read. */
import { realpathSync } from 'node:fs';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { BufferPool } from './buffer-pool.ts';
import { readFileContent } from './file-reading.ts';
import { normalizePath } from './path-targets.ts';
import type { SourceEntry } from './source.ts';
import { walkPaths, type WalkOptions } from './walk.ts';

export interface PathsSourceOptions extends Omit<WalkOptions, 'read'> {
  /** Of the repository's chunker. */
  readonly polynomial: bigint;
}

export interface PathsSource {
  /** As they stand in the snapshot: absolute and clean, each once. */
  readonly paths: readonly string[];
  /** Walks anew at each call. What cannot be read comes as a `problem`; see `walkPaths`. */
  entries(options?: { signal?: AbortSignal | undefined }): AsyncIterable<SourceEntry>;
}

/** Throws `SOURCE_PATH_NOT_ABSOLUTE`; whether the paths exist is seen at each walk. */
export function openPathsSource({ polynomial, ...options }: PathsSourceOptions): PathsSource {
  const paths = [...new Set(options.paths.map(normalizePath))];
  const reading = { polynomial, pool: new BufferPool() };
  const walk: WalkOptions = {
    ...options,
    paths,
    databases: withRealPaths(options.databases ?? []),
    read: (path, node) => readFileContent(path, node, reading),
  };
  return { paths, entries: (call) => walkPaths(walk, call) };
}

/** A database configured by the name of a link is walked, if at all, by its real name. */
function withRealPaths(databases: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (const path of databases) {
    found.add(normalizePath(path));
    try {
      found.add(decodeRawName(realpathSync(fsPath(path), { encoding: 'buffer' })));
    } catch {
      // A missing database is the capture's to report.
    }
  }
  return found;
}
