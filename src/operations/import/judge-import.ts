/** What an imported snapshot counts as: its tags, and what a person is told about it. */
import { describeCause } from '../../base/errors/keepsake-error.ts';
import { displayRawName } from '../../base/raw-name.ts';
import type { ArchiveResult } from '../../snapshot/archive-options.ts';
import type { FileReference } from '../../snapshot/cross-check.ts';
import type { Container } from './container.ts';
import type { ImportApp, ImportedDatabase, ImportInput, ImportOutcome } from './import-input.ts';
import type { ImportedNodes } from './imported-nodes.ts';
import { isWithin } from './member-table.ts';
import { IMPORTED_TAG } from './nearest-parent.ts';

/** What of the app the file has in it. */
export interface ImportedParts {
  readonly isDatabaseOnly: boolean;
  readonly missingDatabases: readonly string[];
  /** To hold the rows against: those whose files are in it. */
  readonly references: readonly FileReference[];
}

export interface JudgedImport {
  readonly outcome: Exclude<ImportOutcome, 'skipped' | 'failed'>;
  readonly tags: readonly string[];
  readonly notes: readonly string[];
}

export function findParts(
  { kind }: Container,
  app: ImportApp | undefined,
  nodes: ImportedNodes,
): ImportedParts {
  const { databases = [], references = [] } = app ?? {};
  const missingDatabases = databases.filter((path) => !nodes.has(path));
  const isThere = (folder: string) => [...nodes.keys()].some((path) => isWithin(path, folder));
  const there = new Set(references.map(({ folder }) => folder).filter(isThere));
  const lacksUploads = references.length > 0 && there.size === 0;
  return {
    isDatabaseOnly: kind === 'database' || (lacksUploads && missingDatabases.length === 0),
    missingDatabases,
    references: references.filter(({ folder }) => there.has(folder)),
  };
}

export interface Findings {
  readonly input: ImportInput;
  readonly parts: ImportedParts;
  readonly databases: readonly ImportedDatabase[];
  readonly result: ArchiveResult;
}

export function judgeImport({ input, parts, databases, result }: Findings): JudgedImport {
  const { app } = input;
  const notes: string[] = [];
  let isUnverified = false;
  for (const { path, verdict, reason } of databases) {
    if (verdict === 'sound') continue;
    const counts = app === undefined || app.databases.includes(path);
    isUnverified ||= counts;
    notes.push(`${displayRawName(path)} ${describeVerdict(verdict)}: ${reason ?? ''}`);
  }
  for (const { error, kind } of result.problems) {
    isUnverified ||= kind === 'database' || kind === 'plain' || kind === 'file';
    notes.push(describeCause(error));
  }
  for (const { table, column, missingCount } of result.manifest.references) {
    if (missingCount === 0) continue;
    notes.push(`${table}.${column} names ${missingCount} files that are not in it`);
  }
  const isPartial = parts.missingDatabases.length > 0;
  for (const path of parts.missingDatabases) notes.push(`the app's database ${path} is not in it`);
  if (parts.isDatabaseOnly && app !== undefined) notes.push('it has no uploads: only the database');
  return {
    outcome: isUnverified ? 'unverified' : isPartial ? 'partial' : 'imported',
    tags: [
      ...(app === undefined ? [] : [`app:${app.name}`]),
      IMPORTED_TAG,
      ...input.tags,
      ...(parts.isDatabaseOnly ? ['database-only'] : []),
      ...(isPartial ? ['partial'] : []),
      ...(isUnverified ? ['unverified'] : []),
    ],
    notes,
  };
}

function describeVerdict(verdict: 'torn' | 'broken-references'): string {
  return verdict === 'torn'
    ? 'is TORN, stored as the plain file it is'
    : 'may be torn, its rows do not fit together';
}
