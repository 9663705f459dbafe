/** Takes one change through its steps, in either direction, and ends it. */
import { isKeepsakeError, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { HealthVerdict } from '../../host/health-probe.ts';
import type { Workbench } from '../workbench.ts';
import type { Emitter } from '../event-channel.ts';
import { type JournalFile } from './change-journal.ts';
import type { ChangeMachine } from './change-machine.ts';
import { ChangeService } from './change-service.ts';
import {
  goBack,
  goForward,
  type Change,
  type ChangeRunOptions,
  type ChangeStepEvent,
} from './change-steps.ts';
import { endChange } from './end-change.ts';
import type { InPlaceEvent, InPlaceResult } from './in-place-input.ts';
import { hasOldFiles } from './known-changes.ts';
import { salvageableCopies } from './salvage.ts';
import { assertUnused } from './snapshot-change.ts';

export interface ChangeJob {
  readonly workbench: Workbench;
  readonly machine: ChangeMachine;
  readonly journal: JournalFile;
  readonly change: Change;
  readonly emitter: Emitter<InPlaceEvent>;
  readonly signal?: AbortSignal | undefined;
}

/** Throws what `goForward` throws; the old state is back then, unless it is `CHANGE_STUCK`. */
export async function runChange(job: ChangeJob): Promise<InPlaceResult> {
  const startedMs = job.workbench.clock.monotonicMs();
  const run = openRun(job);
  try {
    await goForward(run.options);
  } catch (error) {
    if (isKeepsakeError(error, 'CHANGE_STUCK')) throw told(job, error);
    if (job.journal.value.step === 'settle') throw error;
    await end(job, 'undone');
    throw error;
  }
  await end(job, 'done');
  return resultOf(job, { startedMs, run });
}

/** Throws `CHANGE_STUCK`. */
export async function undoChange(job: ChangeJob): Promise<InPlaceResult> {
  const startedMs = job.workbench.clock.monotonicMs();
  const run = openRun(job);
  await goBack(run.options);
  await end(job, 'undone');
  return resultOf(job, { startedMs, run });
}

function end(
  { journal, machine, workbench, emitter }: ChangeJob,
  as: 'done' | 'undone',
): Promise<void> {
  const warn = (message: string): void => emitter.emit({ kind: 'warning', message });
  return endChange(journal, as, { ...machine, clock: workbench.clock, warn });
}

/** Of a command that was cancelled only that is said in the end: this must not get lost. */
function told({ emitter, signal }: ChangeJob, error: KeepsakeError): KeepsakeError {
  const { message, hint } = error;
  if (signal?.aborted === true) emitter.emit({ kind: 'warning', message: `${message}. ${hint}` });
  return error;
}

interface OpenRun {
  readonly options: ChangeRunOptions;
  readonly service: ChangeService;
  readonly verdict: () => HealthVerdict | undefined;
}

function openRun(job: ChangeJob): OpenRun {
  const { workbench, machine, journal, change, emitter, signal } = job;
  const { app } = journal.value;
  const warn = (message: string): void => emitter.emit({ kind: 'warning', message });
  let verdict: HealthVerdict | undefined;
  const control = machine.openService(app);
  const service = new ChangeService({
    journal,
    clock: workbench.clock,
    control,
    async probe({ signal: probing }) {
      verdict = await machine.probe(app, probing);
      assertHealthy(app.health?.url ?? '', verdict);
      return verdict === undefined ? 'not asked' : 'well';
    },
    assertUnused: () => assertUnused(machine, databasesOf(journal)),
    warn,
  });
  const options: ChangeRunOptions = {
    journal,
    clock: workbench.clock,
    change,
    service,
    onStep(event) {
      if (isTold(event, { journal, hasService: control !== undefined, app })) emitter.emit(event);
    },
    signal,
  };
  return { options, service, verdict: () => verdict };
}

/** Steps in which something is done here. */
function isTold(
  { step }: ChangeStepEvent,
  { journal, hasService, app }: { journal: JournalFile; hasService: boolean; app: ResolvedApp },
): boolean {
  if (step === 'probe') return app.health !== undefined;
  if (step !== 'stop' && step !== 'start') return true;
  return hasService && journal.value.live !== true;
}

/** Those that are replaced, where they are now. */
function databasesOf({ value }: JournalFile): string[] {
  return [...value.databases];
}

function assertHealthy(url: string, verdict: HealthVerdict | undefined): void {
  if (verdict === undefined || verdict.kind === 'healthy') return;
  const means = verdict.kind === 'unhealthy' ? verdict.means : undefined;
  const why =
    verdict.kind === 'timeout'
      ? `${url} gave no answer: ${verdict.lastError}`
      : `${url} answered with ${verdict.reason}${means === undefined ? '' : `: ${means}`}`;
  throw new KeepsakeError('CHANGE_UNHEALTHY', { why });
}

async function resultOf(
  { journal, machine, workbench }: ChangeJob,
  { startedMs, run }: { startedMs: number; run: OpenRun },
): Promise<InPlaceResult> {
  const isKept = await hasOldFiles(machine.files, journal.value);
  return {
    journal: journal.value,
    health: run.verdict(),
    downtimeMs: run.service.ownDowntimeMs,
    durationMs: workbench.clock.monotonicMs() - startedMs,
    keptIn: isKept ? journal.value.places.map(({ path }) => path) : [],
    salvageable: salvageableCopies(journal.value),
  };
}
