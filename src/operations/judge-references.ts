/** The cross-check once more, from the restored rows and files, against the manifest. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import {
  collectNames,
  crossCheck,
  type FolderListing,
  type NamedFiles,
} from '../snapshot/cross-check.ts';
import type { Manifest, ManifestReference } from '../snapshot/manifest.ts';
import type { Gate } from '../sqlite/gate.ts';
import { readReferences } from '../sqlite/inspect.ts';
import type { Difference, Judgement } from './verify-input.ts';

export interface ReferencesJob {
  readonly manifest: Manifest;
  readonly listing: FolderListing;
  readonly placeOf: (path: string) => string;
  readonly gate: Gate;
  readonly signal: AbortSignal | undefined;
}

export async function* judgeReferences(job: ReferencesJob): AsyncGenerator<Judgement> {
  const { manifest, listing } = job;
  const named: NamedFiles[] = [];
  for (const expected of manifest.references) {
    const names = await readNames(job, expected);
    if ('failure' in names) yield unreadable(expected, names.failure);
    else {
      named.push(names);
      const [actual] = crossCheck([names], listing).references;
      if (actual !== undefined) yield compareReference(expected, actual);
    }
  }
  // Without all of the names, more files would seem to have none.
  if (named.length < manifest.references.length) return;
  const found = new Map(crossCheck(named, listing).orphans.map((each) => [each.folder, each]));
  for (const { folder, orphanCount: expected } of manifest.orphans) {
    const orphanCount = found.get(folder)?.orphanCount ?? 0;
    const what = 'files that no row names';
    const differences = orphanCount === expected ? [] : [{ what, expected, actual: orphanCount }];
    yield { check: 'orphans', item: folder, orphanCount, differences };
  }
}

async function readNames(
  { placeOf, gate, signal }: ReferencesJob,
  { database, table, column, folder, ignoreUrls = false }: ManifestReference,
): Promise<NamedFiles | { failure: string }> {
  try {
    const values = readReferences(placeOf(database), [{ table, column }], { gate, signal });
    return await collectNames({ database, table, column, folder, ignoreUrls }, values);
  } catch (error) {
    if (!isKeepsakeError(error) || !error.code.startsWith('DATABASE_')) throw error;
    return { failure: error.message };
  }
}

function compareReference(expected: ManifestReference, actual: ManifestReference): Judgement {
  const { folder, namedCount, missingCount } = actual;
  const differences: Difference[] = [
    { what: 'names', expected: expected.namedCount, actual: namedCount },
    { what: 'missing files', expected: expected.missingCount, actual: missingCount },
  ].filter((pair) => pair.expected !== pair.actual);
  if (missingCount > expected.missingCount) {
    const before = new Set(expected.missing);
    const lost = actual.missing.filter((name) => !before.has(name));
    differences.push(...lost.map((name) => ({ what: name, actual: `is not in ${folder}` })));
  }
  return {
    check: 'references',
    item: itemOf(expected),
    folder,
    namedCount,
    missingCount,
    differences,
  };
}

function unreadable(expected: ManifestReference, actual: string): Judgement {
  return {
    check: 'references',
    item: itemOf(expected),
    folder: expected.folder,
    namedCount: 0,
    missingCount: 0,
    differences: [{ what: 'the names', actual }],
  };
}

function itemOf({ table, column }: ManifestReference): string {
  return `${table}.${column}`;
}
