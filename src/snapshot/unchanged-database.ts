/** Takes a database over from the parent snapshot, if nothing was committed since: nothing is read. */
import type { Clock } from '../base/clock.ts';
import type { Node } from '../format/node.ts';
import { isDatabaseState } from '../sqlite/database-state.ts';
import { lookUnchanged } from '../sqlite/unchanged-since.ts';
import type { ArchivedDatabase } from './archive-database.ts';
import type { BlobStore } from './blob-writer.ts';
import { mayStayUnread, type CheckPolicy } from './check-policy.ts';
import type { FileReference, KnownCheck } from './cross-check.ts';
import type { Manifest, ManifestDatabase, ManifestReference } from './manifest.ts';
import type { ParentFiles } from './parent-files.ts';
import { isStored } from './unchanged.ts';

/** For changes that left no trace in the files' times. */
const FULL_READ_EVERY_MS = 7 * 24 * 60 * 60_000;

export interface UnchangedOptions {
  readonly path: string;
  readonly configured: boolean;
  /** Of the snapshot that holds `previous`. */
  readonly manifest: Manifest;
  readonly previous: Node | undefined;
  /** Of all databases. */
  readonly references: readonly FileReference[];
  readonly parentFiles: ParentFiles;
  readonly store: BlobStore;
  readonly clock: Clock;
  readonly check?: CheckPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `undefined`: it must be captured. */
export async function takeOverDatabase(
  options: UnchangedOptions,
): Promise<ArchivedDatabase | undefined> {
  const { path, configured, manifest, clock, check: policy, signal } = options;
  const known = manifest.databases.find((database) => database.path === path);
  if (known === undefined || !mayStayUnread(known, { policy, now: clock.now() })) return undefined;
  if (!isDatabaseState(known.state)) return undefined;
  if (isFullReadDue(known, clock)) return undefined;
  const capturedAt = clock.now().toISOString();
  const unchanged = await lookUnchanged(path, known.state, { signal });
  if (unchanged === undefined) return undefined;
  const content = storedContent(known, options);
  const check = knownCheck(options);
  if (content === undefined || check === undefined) return undefined;
  const taken = { capturedAt, captureMethod: 'unchanged', readLockMs: 0 };
  return {
    manifest: { ...known, configured, ...taken },
    content,
    names: [],
    known: check,
    warnings: unchanged.warnings,
    crossCheckProblems: [],
  };
}

export function isFullReadDue({ lastFullReadAt }: ManifestDatabase, clock: Clock): boolean {
  const ageMs = clock.now().getTime() - Date.parse(lastFullReadAt ?? '');
  // A clock that was set back, or no such time, proves nothing either.
  return !(ageMs >= 0 && ageMs < FULL_READ_EVERY_MS);
}

/** All pieces of it, if they are as the manifest says and still in the repository. */
export function storedContent(
  { sizeBytes, chunkSizeBytes }: ManifestDatabase,
  { previous, store }: { previous?: Node | undefined; store: BlobStore },
): readonly string[] | undefined {
  const content = previous?.content ?? [];
  const isWhole =
    previous?.type === 'file' &&
    previous.size === sizeBytes &&
    content.length === Math.ceil(sizeBytes / chunkSizeBytes) &&
    isStored(content, store);
  return isWhole ? content : undefined;
}

/**
 * What the parent's manifest says of the database's references, if that is enough to tell how they
 * stand now. Where another database names files of the same folder, it is not.
 */
function knownCheck(options: UnchangedOptions): KnownCheck | undefined {
  const { path, references, manifest, parentFiles } = options;
  const own = references.filter(({ database }) => database === path);
  const known = own.map((reference) => manifest.references.find((of) => isSame(of, reference)));
  if (!known.every(isComplete)) return undefined;
  const folders: KnownCheck['folders'][number][] = [];
  for (const folder of new Set(own.map((reference) => reference.folder))) {
    const ofFolder = (reference: { folder: string }) => reference.folder === folder;
    const names = parentFiles.allIn(folder);
    const orphans = manifest.orphans.find(ofFolder);
    const isShared =
      references.filter(ofFolder).length !== known.filter(ofFolder).length ||
      manifest.references.filter(ofFolder).length !== known.filter(ofFolder).length;
    if (names === undefined || orphans === undefined || isShared) return undefined;
    folders.push({ folder, names, orphanCount: orphans.orphanCount });
  }
  return { references: known, folders };
}

function isSame(known: ManifestReference, reference: FileReference): boolean {
  return (
    known.database === reference.database &&
    known.table === reference.table &&
    known.column === reference.column &&
    known.folder === reference.folder &&
    (known.ignoreUrls ?? false) === reference.ignoreUrls
  );
}

/** The manifest lists the first missing names only. */
function isComplete(known: ManifestReference | undefined): known is ManifestReference {
  return known !== undefined && known.missing.length === known.missingCount;
}
