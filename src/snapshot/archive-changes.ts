/**
 * Stores of a database only what was committed since the parent snapshot, where that can be told
 * (`sqlite/changed-pages.ts`): all other pieces are the parent's.
 */
import { captureChanges } from '../sqlite/capture-changes.ts';
import { isDatabaseState } from '../sqlite/database-state.ts';
import { pageChunkSize } from '../sqlite/page-chunk.ts';
import {
  manifestOf,
  readNames,
  type ArchiveDatabaseOptions,
  type ArchivedDatabase,
  type ReadNames,
} from './archive-database.ts';
import { carriedChecks, isCheckDue } from './check-policy.ts';
import { savePages } from './save-pages.ts';
import { isFullReadDue, storedContent } from './unchanged-database.ts';

/** `undefined`: all of it must be read, by `archiveDatabase`. */
export async function archiveChanges(
  options: ArchiveDatabaseOptions,
): Promise<ArchivedDatabase | undefined> {
  const { known, clock, check: policy, method } = options;
  if (known === undefined || method === 'backup' || known.journalMode !== 'wal') return undefined;
  const { state, pageSize, pageCount, chunkSizeBytes: pieceBytes } = known;
  const question = { policy, known, now: clock.now() };
  if (!isDatabaseState(state) || isFullReadDue(known, clock)) return undefined;
  if (isCheckDue(known, question)) return undefined;
  const previous = storedContent(known, options);
  if (previous === undefined) return undefined;

  let read: ReadNames = { names: [], problems: [] };
  await using captured = await captureChanges({
    ...options,
    path: options.locate?.(options.path) ?? options.path,
    earlier: { state, pageSize, pageCount, pieceBytes },
    whileHeld: async (readTexts) => {
      read = await readNames(options, readTexts);
    },
  });
  if (captured === undefined) return undefined;
  const { contents, imagePath, changedPieces, warnings } = captured;
  const { sizeBytes } = contents;
  const bestPieceBytes = pageChunkSize(sizeBytes, contents.pageSize, pieceBytes);
  if (isCheckDue(contents, question) || bestPieceBytes !== pieceBytes) return undefined;
  // A file that was deleted with its row meanwhile: another capture is needed to tell.
  const lost = await options.rescue(read.names);
  if ([...lost].some((path) => !options.knownMissing.has(path))) return undefined;

  options.onImage?.();
  const { content, foundOdd } = await savePages({
    ...options,
    imagePath,
    sizeBytes,
    pieceBytes,
    previous,
    only: changedPieces,
    pageCount: contents.pageCount,
  });
  if (foundOdd) return undefined;
  const { lastFullReadAt = known.capturedAt } = known;
  const carried = { ...carriedChecks(known), chunkSizeBytes: pieceBytes, lastFullReadAt };
  const manifest = manifestOf(captured, carried, options);
  return { manifest, content, names: read.names, warnings, crossCheckProblems: read.problems };
}
