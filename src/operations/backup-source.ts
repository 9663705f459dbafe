/** The walk of one backup: the subject's paths with everything that is to be left out. */
import { dirname } from 'node:path';
import type { Node } from '../format/node.ts';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { ArchiveSource } from '../snapshot/archive-options.ts';
import { BufferPool } from '../source/buffer-pool.ts';
import { compileExcludes } from '../source/excludes.ts';
import { readFileContent } from '../source/file-reading.ts';
import { lookAtFolder } from '../source/folder-look.ts';
import { LookAhead } from '../source/look-ahead.ts';
import type { SourceEntry } from '../source/source.ts';
import { walkPaths, type WalkOptions } from '../source/walk.ts';
import type { BackupInput, BackupSubject } from './backup-input.ts';

type WalkInput = Pick<
  BackupInput,
  'subject' | 'only' | 'oneFileSystem' | 'excludeCaches' | 'wantUnmodified'
>;

export interface BackupSourceOptions {
  /** Of the repository's chunker. */
  readonly polynomial: bigint;
  /** Locations of Keepsake's own: where they lie below a path, folders stay empty, files out. */
  readonly own: readonly string[];
  /** For the first walk. */
  readonly ahead?: LookAhead | undefined;
}

/** Where a restore in place keeps the old files, or makes the new ones ready: no data of the app's. */
const CHANGE_PLACES = `.keepsake-restore-${'[0-9a-f]'.repeat(8)}`;

export function openBackupSource(
  input: WalkInput,
  { polynomial, own, ahead }: BackupSourceOptions,
): ArchiveSource {
  const { subject } = input;
  const pool = new BufferPool();
  const options: WalkOptions = {
    ...whatToWalk(input),
    excludeCaches: input.excludeCaches,
    skip: new Set(own.filter((location) => location.startsWith('/'))),
    detectDatabases: true,
    databases: new Set(subject.databases),
    locate: subject.locate,
    read: (path: string, node: Node) => readFileContent(path, node, { polynomial, pool }),
  };
  const optional = new Set(subject.optionalPaths);
  // A configured database that is missing is reported by its capture.
  const expected = new Set([...optional, ...subject.databases]);
  const setup = setupOf(input);
  let seenAhead = ahead && ((path: string) => ahead.take(path));
  return {
    entries({ signal, only, known }) {
      const paths = only?.filter((path) => isInWalk(path, options)) ?? options.paths;
      const walk = walkPaths({ ...options, paths, known, seenAhead }, { signal });
      seenAhead = undefined; // a later walk is there to see what became of it
      return withoutExpected(walk, expected);
    },
    async look(folder, { ahead: isAhead = false } = {}) {
      if (subject.locate !== undefined || input.wantUnmodified === true) return undefined;
      return (isAhead ? ahead?.folder(folder) : undefined) ?? (await lookAtFolder(folder, setup));
    },
  };
}

/** All that decides, beside the files, what a walk makes of them: if it changes, each is looked at. */
function setupOf({ subject, only, oneFileSystem, excludeCaches }: WalkInput): string {
  const { paths, databases, excludes } = subject;
  const follow = [...(followed(subject) ?? [])].sort();
  return JSON.stringify({ paths, databases, excludes, follow, only, oneFileSystem, excludeCaches });
}

/** Files that were moved away meanwhile are nowhere to be looked at ahead. */
export function lookAhead(input: WalkInput): LookAhead {
  const ahead = new LookAhead();
  if (input.subject.locate === undefined) {
    ahead.run(whatToLookAt(input)).catch(() => {}); // the walk tells
  }
  return ahead;
}

export function whatToLookAt(input: WalkInput) {
  return { ...whatToWalk(input), setup: setupOf(input) };
}

function whatToWalk({ subject, only, oneFileSystem }: WalkInput) {
  return {
    paths: only === 'database' ? subject.databases : subject.paths,
    exclude: compileExcludes({ patterns: [...subject.excludes, CHANGE_PLACES] }),
    oneFileSystem,
    follow: followed(subject),
  };
}

/** What the config names is meant itself; plain paths are taken as restic takes them. */
function followed(subject: BackupSubject): ReadonlySet<string> | undefined {
  const { app, paths, databases, references } = subject;
  if (app === undefined) return undefined;
  return new Set([...paths, ...databases, ...references.map(({ folder }) => folder)]);
}

/** Drops the report that a path is missing where its absence is normal or told elsewhere. */
async function* withoutExpected(
  entries: AsyncIterable<SourceEntry>,
  expected: ReadonlySet<string>,
): AsyncGenerator<SourceEntry> {
  for await (const entry of entries) {
    const missing =
      entry.kind === 'problem' &&
      isKeepsakeError(entry.error) &&
      ['SOURCE_PATH_MISSING', 'SOURCE_PATH_VANISHED'].includes(entry.error.code);
    if (!missing || !expected.has(entry.path)) yield entry;
  }
}

/** Whether the whole walk could meet this path: a walk of single paths takes what is excluded, too. */
function isInWalk(path: string, { paths, exclude }: WalkOptions): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (paths.includes(at)) return true;
    if (at === '/' || exclude?.matches(at) === true) return false;
  }
}
