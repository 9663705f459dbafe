/**
 * `drill`: rehearses the disaster. Restores a snapshot to scratch, judges all of it, starts the app
 * on it without a network, asks for a page, and keeps what it found in the repository.
 */
import { describeCause, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { findConfinement, type Confinement } from '../../host/confinement.ts';
import { loadManifest } from '../../snapshot/load-manifest.ts';
import { judgeRestored } from '../judge-restored.ts';
import { openSnapshot, type OpenSnapshot } from '../open-snapshot.ts';
import { measureTree, restoreByKeepsake, RestoredFiles } from '../verify-content.ts';
import type { VerifyEvent } from '../verify-input.ts';
import { openVerifyPlace } from '../verify-place.ts';
import type { Workbench } from '../workbench.ts';
import type { DrillEvidence, RecoveryEvidence } from './drill-evidence.ts';
import type { DrillEvent, DrillInput, DrillResult } from './drill-input.ts';
import { findRestic } from './find-restic.ts';
import { makeEvidence, type Rehearsed, type UsedProgram } from './make-evidence.ts';
import { latestProof, saveProof } from './proof-snapshot.ts';
import { restoreByRestic } from './restic-restore.ts';
import { startCopy } from './start-copy.ts';

/**
 * What is wrong with the snapshot is told in the result, not thrown. Throws where nothing can be
 * judged: `DRILL_*` before anything is restored, and what `verify` throws. Scratch is empty and
 * nothing runs in the end, also after a failure or an abort.
 */
export async function* drill(
  workbench: Workbench,
  input: DrillInput,
): AsyncGenerator<DrillEvent, DrillResult> {
  const { clock } = workbench;
  const startedAt = clock.now();
  const startedMs = clock.monotonicMs();
  assertOutside(input, workbench.scratchFolder);
  const confinement = await requireConfinement(workbench, input);
  await using open = await openSnapshot(workbench, input, { readsData: true });
  const { id, snapshot, subfolder } = open;
  if (subfolder !== '/') throw new KeepsakeError('VERIFY_PART', { subfolder });
  const by = await chooseProgram(workbench, input, open);
  const rehearsed = yield* rehearse(workbench, { input, open, confinement, by });
  const { totals, copy } = rehearsed;
  const about = { input, stored: { id, snapshot }, by, confinement, startedAt };
  const evidence = makeEvidence(workbench, about, rehearsed);
  const { outcome } = evidence;
  return {
    stored: { id, snapshot },
    outcome,
    evidence,
    totals,
    ...(await keepProof(workbench, { input, open, evidence })),
    lastLines: copy?.kind === 'started' && outcome !== 'proven' ? copy.result.lastLines : [],
    durationMs: clock.monotonicMs() - startedMs,
  };
}

/** A drill writes nothing into the live app's folders. */
function assertOutside({ app }: DrillInput, folder: string): void {
  const paths = [app.root, ...app.paths].filter((path) => path !== '/');
  const path = paths.find((each) => folder === each || folder.startsWith(`${each}/`));
  if (path !== undefined) throw new KeepsakeError('DRILL_INSIDE_APP', { folder, path });
}

async function requireConfinement(
  { clock }: Workbench,
  { app, allowNetwork, environment, signal }: DrillInput,
): Promise<Confinement> {
  if (app.drill === undefined) return { prefix: [], network: false, files: false };
  const confinement = await findConfinement({ clock, environment, signal });
  const isAllowed = allowNetwork || app.drill.withoutNetworkIsolation;
  if (confinement.network || isAllowed) return confinement;
  const reason = confinement.reason ?? 'no way to do so is known';
  throw new KeepsakeError('DRILL_NO_ISOLATION', { app: app.name, reason });
}

/** In turns, so that neither way back is ever long untried. */
async function chooseProgram(
  workbench: Workbench,
  input: DrillInput,
  { repository }: OpenSnapshot,
): Promise<UsedProgram> {
  const { restoreWith, app, signal } = input;
  const own: UsedProgram = {
    restoredWith: 'keepsake',
    program: `keepsake ${workbench.keepsakeVersion}`,
  };
  if (restoreWith === 'keepsake') return own;
  const last = await latestProof(repository, app.name, { signal });
  if (restoreWith === undefined && last?.restoredWith !== 'keepsake') return own;
  const { version, problem } = await findRestic(workbench, input);
  if (version !== undefined) return { restoredWith: 'restic', program: version };
  if (restoreWith === undefined) return own;
  throw new KeepsakeError('DRILL_NO_RESTIC', { reason: problem });
}

interface Rehearsal {
  readonly input: DrillInput;
  readonly open: OpenSnapshot;
  readonly confinement: Confinement;
  readonly by: UsedProgram;
}

async function* rehearse(
  workbench: Workbench,
  { input, open, confinement, by }: Rehearsal,
): AsyncGenerator<DrillEvent, Rehearsed> {
  const { signal, app } = input;
  const { id, snapshot, repository } = open;
  const manifest = await loadManifest(repository, snapshot.tree, { signal });
  const sizeBytes = await measureTree(open, { signal });
  await using place = await openVerifyPlace(workbench, { keep: undefined, sizeBytes });
  const target = place.path;
  yield { kind: 'begin', stored: { id, snapshot }, hasManifest: manifest !== undefined, sizeBytes };
  yield { kind: 'restoring', ...by };
  const files = new RestoredFiles(target, manifest);
  const job = { open, manifest, target, files, sizeBytes, signal };
  const watch = stopwatch(workbench);
  let restoreSeconds = 0;
  let recovery: RecoveryEvidence | undefined;
  const totals = yield* judgeRestored(workbench, {
    ...job,
    async *restore(failed): AsyncGenerator<VerifyEvent> {
      if (by.restoredWith === 'keepsake') yield* restoreByKeepsake(workbench, job, failed);
      else {
        const about = { input, snapshot: id, into: target };
        recovery = yield* restoreByRestic(workbench, about, failed);
      }
      restoreSeconds = watch();
    },
  });
  if (recovery !== undefined) yield { kind: 'recovered', recovery };
  const seconds = { restore: restoreSeconds, verify: watch() };
  const judged = { totals, recovery, seconds };
  if (!totals.success) return { ...judged, copy: undefined };
  if (app.drill === undefined) {
    const reason = 'the config does not say how to start a copy (drill.command)';
    return { ...judged, copy: { kind: 'not-started', reason } };
  }
  const copy = yield* startCopy(workbench, { input, drill: app.drill, confinement, target });
  return { ...judged, copy, seconds: { ...seconds, start: watch() } };
}

/** Seconds since the last call, to the millisecond. */
function stopwatch({ clock }: Workbench): () => number {
  let lastMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    const seconds = Math.round(nowMs - lastMs) / 1000;
    lastMs = nowMs;
    return seconds;
  };
}

/** What was found is told, whether or not it can be written. */
async function keepProof(
  workbench: Workbench,
  { input, open, evidence }: { input: DrillInput; open: OpenSnapshot; evidence: DrillEvidence },
): Promise<Pick<DrillResult, 'proofId' | 'proofFailure'>> {
  const { signal, lock } = input;
  if (lock === 'none') {
    return { proofId: undefined, proofFailure: 'without a lock nothing is written (--no-lock)' };
  }
  try {
    const proofId = await saveProof(workbench, open.repository, evidence, { signal });
    return { proofId, proofFailure: undefined };
  } catch (error) {
    signal?.throwIfAborted();
    return { proofId: undefined, proofFailure: describeCause(error) };
  }
}
