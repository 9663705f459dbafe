/** From what a drill did to what is kept of it. */
import { toHex } from '../../base/bytes.ts';
import type { Confinement } from '../../host/confinement.ts';
import type { StoredSnapshot } from '../../repository/repository.ts';
import type { RestoredTotals } from '../verify-input.ts';
import type { Workbench } from '../workbench.ts';
import { EVIDENCE_VERSION, type DrillEvidence, type RecoveryEvidence } from './drill-evidence.ts';
import type { DrillInput } from './drill-input.ts';
import { judgeDrill, type StartedCopy } from './judge-drill.ts';

export type UsedProgram = Pick<DrillEvidence, 'restoredWith' | 'program'>;

export interface Rehearsed {
  readonly totals: RestoredTotals;
  /** Absent when what was restored is not worth starting. */
  readonly copy: StartedCopy | undefined;
  readonly seconds: DrillEvidence['seconds'];
  /** Where restic restored. */
  readonly recovery: RecoveryEvidence | undefined;
}

export interface AboutDrill {
  readonly input: Pick<DrillInput, 'app' | 'hostname'>;
  readonly stored: StoredSnapshot;
  readonly by: UsedProgram;
  readonly confinement: Confinement;
  readonly startedAt: Date;
}

export function makeEvidence(
  { clock, random, keepsakeVersion }: Pick<Workbench, 'clock' | 'random' | 'keepsakeVersion'>,
  { input, stored, by, confinement, startedAt }: AboutDrill,
  { totals, copy, seconds, recovery }: Rehearsed,
): DrillEvidence {
  const { app, hostname } = input;
  return {
    version: EVIDENCE_VERSION,
    id: toHex(random(4)),
    app: app.name,
    ...judgeDrill(copy, recovery),
    snapshot: stored.id,
    snapshotTime: stored.snapshot.time,
    startedAt: startedAt.toISOString(),
    endedAt: clock.now().toISOString(),
    hostname,
    keepsakeVersion,
    ...by,
    ...(recovery !== undefined && { recovery }),
    checks: totals.judgements.map(({ differences, ...checked }) => ({
      ...checked,
      differenceCount: differences.length,
    })),
    fileCount: totals.fileCount,
    sizeBytes: totals.sizeBytes,
    seconds,
    ...(copy?.kind === 'started' && seen(copy, app.drill?.path ?? '/', confinement)),
  };
}

function seen(
  { result }: Extract<StartedCopy, { kind: 'started' }>,
  path: string,
  { network, files }: Confinement,
): Pick<DrillEvidence, 'page' | 'isolation'> {
  const isolation = { network, files: files && result.mountFailure === undefined };
  if (result.page === undefined) return { isolation };
  const { status, sizeBytes, sha256 } = result.page;
  return { isolation, page: { path, status, sizeBytes, sha256 } };
}
