/** The walk of one backup: the subject's paths with everything that is to be left out. */
import { realpathSync } from 'node:fs';
import type { Node } from '../format/node.ts';
import type { Repository } from '../repository/repository.ts';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { ArchiveSource } from '../snapshot/archive.ts';
import { BufferPool } from '../source/buffer-pool.ts';
import { compileExcludes } from '../source/excludes.ts';
import { readFileContent } from '../source/file-reading.ts';
import type { SourceEntry } from '../source/source.ts';
import { walkPaths, type WalkOptions } from '../source/walk.ts';
import type { BackupInput } from './backup-input.ts';

export function openBackupSource(input: BackupInput, repository: Repository): ArchiveSource {
  const { subject, only } = input;
  const pool = new BufferPool();
  const polynomial = repository.config.chunkerPolynomial;
  const options: WalkOptions = {
    paths: only === 'database' ? subject.databases : subject.paths,
    exclude: compileExcludes({ patterns: subject.excludes }),
    excludeCaches: input.excludeCaches,
    oneFileSystem: input.oneFileSystem,
    skip: foldersToSkip(repository),
    detectDatabases: true,
    databases: new Set(subject.databases),
    read: (path: string, node: Node) => readFileContent(path, node, { polynomial, pool }),
  };
  const optional = new Set(subject.optionalPaths);
  // A configured database that is missing is reported by its capture.
  const expected = new Set([...optional, ...subject.databases]);
  return { entries: ({ signal }) => withoutExpected(walkPaths(options, { signal }), expected) };
}

/** Drops the report that a path is missing where its absence is normal or told elsewhere. */
async function* withoutExpected(
  entries: AsyncIterable<SourceEntry>,
  expected: ReadonlySet<string>,
): AsyncGenerator<SourceEntry> {
  for await (const entry of entries) {
    const missing = entry.kind === 'problem' && isKeepsakeError(entry.error, 'SOURCE_PATH_MISSING');
    if (!missing || !expected.has(entry.path)) yield entry;
  }
}

/** A repository below one of the paths would back itself up, each time doubling. */
function foldersToSkip({ backend }: Repository): ReadonlySet<string> {
  const { location } = backend;
  if (!location.startsWith('/')) return new Set();
  try {
    return new Set([location, realpathSync(location)]);
  } catch {
    return new Set([location]); // gone since it was opened: nothing to walk into
  }
}
