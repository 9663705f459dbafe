/** `rebuild`: on an empty machine, with nothing but the repository and its password. */
import { toHex } from '../../base/bytes.ts';
import { assertSpace } from '../assert-space.ts';
import { withEvents } from '../event-channel.ts';
import { lockChanges } from '../in-place/change-lock.ts';
import type { Workbench } from '../workbench.ts';
import { loadOrigin, openRebuildSnapshot } from './choose-rebuild.ts';
import { foldersToLookIn, planRebuild } from './plan-rebuild.ts';
import { findLeftovers, removeEmptyPlaces } from './rebuild-journal.ts';
import type { RebuildEvent, RebuildInput, RebuildPlan, RebuildResult } from './rebuild-input.ts';
import type { RebuildMachine } from './rebuild-machine.ts';
import { runRebuild } from './run-rebuild.ts';

const ID_BYTES = 4;

/** A rebuild that is planned and can be carried out once; disposing gives all back. */
export interface Rebuild extends AsyncDisposable {
  readonly plan: RebuildPlan;
  run(): AsyncGenerator<RebuildEvent, RebuildResult>;
}

/** Throws `CHANGE_UNDER_WAY`, and what makes the plan impossible. */
export async function openRebuild(
  workbench: Workbench,
  machine: RebuildMachine,
  input: RebuildInput,
): Promise<Rebuild> {
  await using stack = new AsyncDisposableStack();
  if (!input.dryRun) {
    const { stateFolder } = machine;
    stack.use(await lockChanges({ ...workbench, stateFolder, command: 'rebuild' }));
  }
  const open = stack.use(await openRebuildSnapshot(workbench, input));
  const origin = await loadOrigin(open, input);
  const id = toHex(workbench.random(ID_BYTES));
  const context = { workbench, machine, open, input, origin, id };
  const leftovers = await findLeftovers(machine, foldersToLookIn(context));
  if (!input.dryRun) await removeEmptyPlaces(machine.files, leftovers.empty);
  const planned = await planRebuild(context, leftovers);
  const held = stack.move();
  return {
    plan: planned.plan,
    run: () =>
      withEvents((emitter) => {
        const { places, resumes } = planned.plan;
        // What is to be finished has its room already.
        if (resumes === undefined) assertSpace(places, 'REBUILD_NO_SPACE');
        return runRebuild(context, planned, emitter);
      }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
