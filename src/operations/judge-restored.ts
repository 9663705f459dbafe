/** Restores a snapshot to scratch and judges all of what came back: for `verify` and `drill`. */
import type { Manifest } from '../snapshot/manifest.ts';
import { Gate } from '../sqlite/gate.ts';
import type { DatabaseFacts } from '../sqlite/database-facts.ts';
import { countRows, judgeDatabase } from './judge-database.ts';
import { judgeReferences } from './judge-references.ts';
import { judgeContent, judgeCounts, type ContentJob } from './verify-content.ts';
import type { Judgement, RestoredTotals, VerifyEvent } from './verify-input.ts';
import type { Workbench } from './workbench.ts';

export interface RestoredJob extends ContentJob {
  readonly manifest: Manifest | undefined;
}

/** What differs is told in judgements, not thrown. */
export async function* judgeRestored(
  workbench: Workbench,
  job: RestoredJob,
): AsyncGenerator<VerifyEvent, RestoredTotals> {
  const databases: DatabaseFacts[] = [];
  const judgements: Judgement[] = [];
  for await (const event of judgeAll(workbench, job, databases)) {
    if (event.kind === 'judgement') judgements.push(event.judgement);
    yield event;
  }
  return {
    judgements,
    success: judgements.every(({ differences }) => differences.length === 0),
    databaseCount: databases.length,
    tableCount: databases.reduce((sum, { tables }) => sum + tables.length, 0),
    rowCount: databases.reduce((sum, facts) => sum + countRows(facts), 0),
    fileCount: job.files.fileCount,
    sizeBytes: job.files.sizeBytes,
  };
}

/** `databases` is filled with the facts of those that could be read. */
async function* judgeAll(
  workbench: Workbench,
  job: RestoredJob,
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
