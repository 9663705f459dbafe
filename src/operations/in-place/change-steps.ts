/**
 * A change of an app from which there is always a way back: protect, prepare, stop, apply, start,
 * probe, settle. What the change is does not matter here.
 *
 * Each step is written to the journal before it is taken, and can be taken again: whoever comes
 * after a crash goes on with the step that stands there, or from it backwards.
 */
import { join } from 'node:path';
import { describeCause, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { CHANGE_STEPS, isResumable, type ChangeStep, type JournalFile } from './change-journal.ts';
import type { Clock } from '../../base/clock.ts';
import { isDiskFull } from './change-reserve.ts';
import type { ChangeService } from './change-service.ts';

/** What is done to the app. Each part may be called again after a crash. */
export interface Change {
  /** Keeps the present state in the repository while the app serves. */
  protect(): Promise<void>;
  /** All that can be done before the app is stopped. */
  prepare(): Promise<void>;
  /** Takes away what `prepare` made. */
  discard(): Promise<void>;
  /** The service is stopped. */
  apply(service: ChangeService): Promise<void>;
  /** Back, from wherever `apply` got to. The service is stopped. */
  revert(): Promise<void>;
  /** The app runs and is well: nothing that fails here is worth going back for. */
  settle(): Promise<void>;
}

export type ChangeStepEvent = {
  readonly kind: 'step';
  readonly step: ChangeStep;
  readonly direction: 'forward' | 'back';
};

/** ZFS has the room of a removed file a transaction group or two later (openzfs pull request 13172). */
const ROOM_LIMIT_MS = 15_000;
const ROOM_PAUSE_MS = 500;

export interface ChangeRunOptions {
  readonly journal: JournalFile;
  readonly clock: Clock;
  readonly change: Change;
  readonly service: ChangeService;
  readonly onStep: (event: ChangeStepEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

/** For people, in "… failed". */
const NAMES: Record<ChangeStep, string> = {
  protect: 'keeping the present state',
  prepare: 'making the restored state ready',
  stop: 'stopping the service',
  apply: 'putting it in place',
  start: 'starting the service',
  probe: 'the health check',
  settle: 'finishing',
};

/** What is done in each step, and how it is taken back. */
function stepsOf({ change, service }: ChangeRunOptions, signal: AbortSignal | undefined) {
  const nothing = (): Promise<void> => Promise.resolve();
  const steps: Record<ChangeStep, { take: () => Promise<void>; undo: () => Promise<void> }> = {
    protect: { take: () => change.protect(), undo: nothing },
    prepare: { take: () => change.prepare(), undo: () => change.discard() },
    stop: { take: () => service.stop({ signal }), undo: () => service.restoreState() },
    apply: {
      async take() {
        await service.stop({ signal });
        await change.apply(service);
      },
      async undo() {
        await service.stop({});
        await change.revert();
      },
    },
    start: { take: () => service.start({ signal }), undo: () => service.stop({}) },
    probe: { take: () => service.probe({ signal }), undo: nothing },
    settle: { take: () => change.settle(), undo: nothing },
  };
  return steps;
}

/**
 * From the step of the journal to the end. Throws `CHANGE_FAILED` when the old state is back, or
 * what went wrong before anything was touched; `CHANGE_STUCK` when it could not be brought back.
 */
export async function goForward(options: ChangeRunOptions): Promise<void> {
  const { journal, signal } = options;
  const steps = stepsOf(options, signal);
  for (const step of CHANGE_STEPS.slice(CHANGE_STEPS.indexOf(journal.value.step))) {
    try {
      if (step !== 'settle') signal?.throwIfAborted();
      await enter(options, step, 'forward');
      await steps[step].take();
    } catch (error) {
      if (step === 'settle') throw error;
      await goBack(options, error);
      throw explain(options, step, error);
    }
  }
}

/** From the step of the journal back to the beginning. Throws `CHANGE_STUCK`. */
export async function goBack(options: ChangeRunOptions, reason?: unknown): Promise<void> {
  const { journal } = options;
  const steps = stepsOf(options, undefined);
  const withRoom = keptRoom(options);
  const failure = reason === undefined ? journal.value.failure : describeCause(reason);
  let at: ChangeStep = journal.value.step;
  try {
    await withRoom(() =>
      journal.update({ direction: 'back', ...(failure !== undefined && { failure }) }),
    );
    for (const step of CHANGE_STEPS.slice(0, CHANGE_STEPS.indexOf(at) + 1).toReversed()) {
      at = step;
      await withRoom(async () => {
        await enter(options, step, 'back');
        await steps[step].undo();
      });
    }
  } catch (cause) {
    const { app, places } = journal.value;
    throw new KeepsakeError(
      'CHANGE_STUCK',
      {
        app: app.name,
        step: `going back (${NAMES[at]})`,
        why: describeCause(cause),
        place: places[0]?.path ?? '',
        isResumable: isResumable(journal.value),
      },
      { cause },
    );
  }
}

/** Each step back can be taken again: on a full disk with the room that was kept for it. */
function keptRoom({ journal, clock }: ChangeRunOptions) {
  let givenUpMs: number | undefined;
  return async (work: () => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        if (givenUpMs === undefined) {
          if (!(await journal.giveUpReserves())) throw error;
          givenUpMs = clock.monotonicMs();
        } else {
          if (clock.monotonicMs() - givenUpMs > ROOM_LIMIT_MS) throw error;
          await clock.sleep(ROOM_PAUSE_MS);
        }
      }
    }
  };
}

async function enter(
  { journal, onStep }: ChangeRunOptions,
  step: ChangeStep,
  direction: 'forward' | 'back',
): Promise<void> {
  if (journal.value.step !== step) await journal.update({ step });
  onStep({ kind: 'step', step, direction });
}

/** Before the stop the error itself says it best. */
function explain(
  { journal, service, signal }: ChangeRunOptions,
  step: ChangeStep,
  cause: unknown,
): unknown {
  if (step === 'protect' || step === 'prepare') return cause;
  const { app, kind, source, began, whole, places } = journal.value;
  const why = describeCause(cause);
  if (source.kind === 'commands') {
    const kept = began === true ? places.map(({ path }) => join(path, 'new')) : [];
    const now = service.describeNow();
    const hasCode = whole !== undefined;
    return new KeepsakeError(
      'GUARD_FAILED',
      { app: app.name, kind, why, service: now, kept, hasCode },
      { cause },
    );
  }
  if (signal?.aborted === true) return cause;
  const details = { app: app.name, step: NAMES[step], why, service: service.describeNow() };
  return new KeepsakeError('CHANGE_FAILED', details, { cause });
}
