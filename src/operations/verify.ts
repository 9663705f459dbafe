/** `verify`: proves a snapshot by restoring it, and judges what came back. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { loadManifest } from '../snapshot/load-manifest.ts';
import type { Manifest } from '../snapshot/manifest.ts';
import { Gate } from '../sqlite/gate.ts';
import type { DatabaseFacts } from '../sqlite/database-facts.ts';
import { countRows, judgeDatabase } from './judge-database.ts';
import { judgeReferences } from './judge-references.ts';
import { openSnapshot, type OpenSnapshot } from './open-snapshot.ts';
import { judgeContent, judgeCounts, measureTree, RestoredFiles } from './verify-content.ts';
import type { Judgement, VerifyEvent, VerifyInput, VerifyResult } from './verify-input.ts';
import { openVerifyPlace } from './verify-place.ts';
import type { Workbench } from './workbench.ts';

/**
 * What differs is told in judgements, not thrown. Throws where nothing can be judged:
 * `VERIFY_NO_SPACE`, `SNAPSHOT_MANIFEST_INVALID`, and what concerns repository or disk as a whole.
 * The scratch folder is gone in the end, also after a failure or an abort.
 */
export async function* verify(
  workbench: Workbench,
  input: VerifyInput,
): AsyncGenerator<VerifyEvent, VerifyResult> {
  const startedMs = workbench.clock.monotonicMs();
  const { keep, signal } = input;
  await using open = await openSnapshot(workbench, input, { readsData: true });
  const { id, snapshot, subfolder } = open;
  if (subfolder !== '/') throw new KeepsakeError('VERIFY_PART', { subfolder });
  const manifest = await loadManifest(open.repository, snapshot.tree, { signal });
  const sizeBytes = await measureTree(open, { signal });
  await using place = await openVerifyPlace(workbench, { keep, sizeBytes });
  const stored = { id, snapshot };
  const hasManifest = manifest !== undefined;
  yield { kind: 'begin', stored, hasManifest, sizeBytes };
  const files = new RestoredFiles(place.path, manifest);
  const job: VerifyJob = { open, manifest, target: place.path, files, sizeBytes, signal };
  const databases: DatabaseFacts[] = [];
  const judgements: Judgement[] = [];
  for await (const event of judgeAll(workbench, job, databases)) {
    if (event.kind === 'judgement') judgements.push(event.judgement);
    yield event;
  }
  return {
    stored,
    hasManifest,
    judgements,
    success: judgements.every(({ differences }) => differences.length === 0),
    databaseCount: databases.length,
    tableCount: databases.reduce((sum, { tables }) => sum + tables.length, 0),
    rowCount: databases.reduce((sum, facts) => sum + countRows(facts), 0),
    fileCount: files.fileCount,
    sizeBytes: files.sizeBytes,
    keptIn: keep,
    durationMs: workbench.clock.monotonicMs() - startedMs,
  };
}

interface VerifyJob {
  readonly open: OpenSnapshot;
  readonly manifest: Manifest | undefined;
  readonly target: string;
  readonly files: RestoredFiles;
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** `databases` is filled with the facts of those that could be read. */
async function* judgeAll(
  workbench: Workbench,
  job: VerifyJob,
  databases: DatabaseFacts[],
): AsyncGenerator<VerifyEvent> {
  const { manifest, files, signal } = job;
  yield said(yield* judgeContent(workbench, job));
  if (manifest !== undefined) yield* saidAll(judgeCounts(manifest, files));
  await using gate = new Gate();
  for (const path of files.databases) {
    const expected = manifest?.databases.find((each) => each.path === path);
    const database = { path, at: files.placeOf(path), expected };
    const { judgements, facts } = await judgeDatabase(database, { gate, signal });
    if (facts !== undefined) databases.push(facts);
    yield* saidAll(judgements);
  }
  if (manifest === undefined) return;
  const { listing } = files;
  const placeOf = (path: string): string => files.placeOf(path);
  for await (const judgement of judgeReferences({ manifest, listing, placeOf, gate, signal })) {
    yield said(judgement);
  }
}

function said(judgement: Judgement): VerifyEvent {
  return { kind: 'judgement', judgement };
}

function* saidAll(judgements: Iterable<Judgement>): Generator<VerifyEvent> {
  for (const judgement of judgements) yield said(judgement);
}
