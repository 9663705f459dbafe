/** `guard` and `update`: commands that change the app, from which there is a way back. */
import { toHex } from '../../base/bytes.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { assertSpace } from '../assert-space.ts';
import { withEvents } from '../event-channel.ts';
import type { Workbench } from '../workbench.ts';
import { jobOf } from './change-job.ts';
import { beginChange } from './begin-change.ts';
import { newJournal, type ChangeJournal } from './change-journal.ts';
import { lockChanges } from './change-lock.ts';
import type { ChangeMachine } from './change-machine.ts';
import { runChange } from './change-run.ts';
import type { GuardInput, GuardPlan } from './guard-input.ts';
import type { InPlaceEvent, InPlaceResult } from './in-place-input.ts';
import { assertNothingUnfinished, pathsOf } from './known-changes.ts';
import { linksOn } from './path-links.ts';
import { planGuard } from './plan-guard.ts';

const ID_BYTES = 4;

/** Planned, and can be carried out once; disposing gives all back. */
export interface Guard extends AsyncDisposable {
  /** `undefined`: there is nothing to do. */
  readonly plan: GuardPlan | undefined;
  run(): AsyncGenerator<InPlaceEvent, InPlaceResult>;
}

/** Throws `CHANGE_UNFINISHED`, `CHANGE_UNDER_WAY`, and what makes the plan impossible. */
export async function openGuard(
  workbench: Workbench,
  machine: ChangeMachine,
  input: GuardInput,
): Promise<Guard> {
  await using stack = new AsyncDisposableStack();
  const { stateFolder } = machine;
  const { app, kind, run, commitOf, signal } = input;
  if (!input.dryRun) {
    stack.use(await lockChanges({ ...workbench, stateFolder, command: kind }));
  }
  await assertNothingUnfinished(machine, { paths: pathsOf(app), app: app.name });
  const choice = await input.choose();
  const id = toHex(workbench.random(ID_BYTES));
  const own = [input.backup.repository.location, workbench.scratchFolder, stateFolder];
  const context = { workbench, machine, input, id, own };
  const plan = choice === undefined ? undefined : await planGuard({ ...context, choice });
  const held = stack.move();
  return {
    plan,
    run: () =>
      withEvents(async (emitter) => {
        if (plan === undefined) throw new KeepsakeError('INTERNAL', { what: 'nothing to run' });
        assertSpace(plan.places, 'CHANGE_NO_SPACE');
        const journal = await beginChange(machine, journalOf({ workbench, plan, id, own }));
        const source = {
          open: () => Promise.reject(new KeepsakeError('INTERNAL', { what: 'no snapshot' })),
          backup: () => Promise.resolve(input.backup),
        };
        const work = { steps: plan.steps, run, commitOf };
        return runChange(jobOf({ workbench, machine, journal, emitter, source, work, signal }));
      }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function journalOf({
  workbench,
  plan,
  id,
  own,
}: {
  workbench: Workbench;
  plan: GuardPlan;
  id: string;
  own: readonly string[];
}): ChangeJournal {
  const { app, kind, part, places, roots, whole, code, databases, version, steps } = plan;
  return newJournal({
    id,
    kind,
    part,
    app,
    source: { kind: 'commands', what: version ?? steps.map(({ name }) => name).join(', ') },
    startedAt: workbench.clock.now().toISOString(),
    keepsakeVersion: workbench.keepsakeVersion,
    databases,
    own,
    places: places.map(({ path }) => ({ path })),
    roots,
    ...(whole.length > 0 && { whole }),
    links: linksOn([...app.paths, ...whole]),
    ...(code !== undefined && { code }),
  });
}
