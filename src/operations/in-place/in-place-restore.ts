/** `restore` without a target: puts a snapshot in the place of what the app has now. */
import { toHex } from '../../base/bytes.ts';
import { assertSpace } from '../assert-space.ts';
import { withEvents } from '../event-channel.ts';
import { openSnapshot } from '../open-snapshot.ts';
import type { Workbench } from '../workbench.ts';
import { beginChange } from './begin-change.ts';
import { lockChanges } from './change-lock.ts';
import { jobOf } from './change-job.ts';
import { newJournal, type ChangeJournal, type JournalFile } from './change-journal.ts';
import type { ChangeMachine } from './change-machine.ts';
import { runChange } from './change-run.ts';
import type { InPlaceEvent, InPlaceInput, InPlacePlan, InPlaceResult } from './in-place-input.ts';
import { assertNothingUnfinished, pathsOf } from './known-changes.ts';
import { planInPlace } from './plan-in-place.ts';
import type { ChangeRepository } from './snapshot-change.ts';

const ID_BYTES = 4;

/** A restore that is planned and can be carried out once; disposing gives all back. */
export interface InPlaceRestore extends AsyncDisposable {
  readonly plan: InPlacePlan;
  run(): AsyncGenerator<InPlaceEvent, InPlaceResult>;
}

/** Throws `CHANGE_UNFINISHED`, `CHANGE_UNDER_WAY`, and what makes the plan impossible. */
export async function openInPlaceRestore(
  workbench: Workbench,
  machine: ChangeMachine,
  input: InPlaceInput,
): Promise<InPlaceRestore> {
  await using stack = new AsyncDisposableStack();
  const { stateFolder } = machine;
  const { signal, kind = 'restore' } = input;
  if (!input.dryRun) {
    stack.use(await lockChanges({ ...workbench, stateFolder, command: kind }));
  }
  await assertNothingUnfinished(machine, { paths: pathsOf(input.app) });
  const open = stack.use(await openSnapshot(workbench, input));
  const id = toHex(workbench.random(ID_BYTES));
  const plan = await planInPlace({ workbench, machine, open, input, id });
  const held = stack.move();
  return {
    plan,
    run: () =>
      withEvents(async (emitter) => {
        assertSpace(plan.places, 'CHANGE_NO_SPACE');
        const own = [input.repository.location, workbench.scratchFolder, stateFolder];
        const journal = await beginJournal({ workbench, machine, plan, id, own, kind });
        // Closed with the plan, which may be looked at longer.
        const shared = { ...open, [Symbol.asyncDispose]: async () => {} };
        const source: ChangeRepository = {
          open: () => Promise.resolve(shared),
          backup: () => Promise.resolve(input.backup),
        };
        return runChange(jobOf({ workbench, machine, journal, emitter, source, signal }));
      }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function beginJournal({
  workbench,
  machine,
  plan,
  id,
  own,
  kind,
}: {
  workbench: Workbench;
  machine: ChangeMachine;
  plan: InPlacePlan;
  id: string;
  own: readonly string[];
  kind: ChangeJournal['kind'];
}): Promise<JournalFile> {
  const { stored, app, part, places, roots, databases } = plan;
  const fields = newJournal({
    id,
    kind,
    part,
    ...(plan.live && { live: true as const }),
    app,
    source: { kind: 'snapshot', id: stored.id, time: stored.snapshot.time },
    startedAt: workbench.clock.now().toISOString(),
    keepsakeVersion: workbench.keepsakeVersion,
    databases,
    own,
    places: places.map(({ path }) => ({ path })),
    roots,
  });
  return beginChange(machine, fields);
}
