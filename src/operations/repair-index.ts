/** `repair index`: shows what it will do, and does it. */
import {
  changesNothing,
  executeIndexRepair,
  planIndexRepair,
  type IndexRepairPlan,
} from '../repository/repair-index.ts';
import { withEvents } from './event-channel.ts';
import { openForRepair, type RepairInput } from './open-for-repair.ts';
import type { Workbench } from './workbench.ts';

export interface RepairIndexInput extends RepairInput {
  /** Read every pack whole. */
  readonly readData: boolean;
}

export type RepairIndexEvent =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  /** Before anything is changed. */
  | { readonly type: 'plan'; readonly plan: IndexRepairPlan; readonly changesNothing: boolean }
  | { readonly type: 'done' };

export async function* repairIndex(
  workbench: Workbench,
  input: RepairIndexInput,
): AsyncGenerator<RepairIndexEvent> {
  const { dryRun, readData, signal } = input;
  await using session = await openForRepair(workbench, input);
  const { repository } = session;
  const plan = yield* withEvents<RepairIndexEvent, IndexRepairPlan>((emitter) =>
    planIndexRepair(repository, {
      readData,
      signal,
      onProgress: (done, total) => emitter.emitProgress({ type: 'progress', done, total }),
    }),
  );
  const nothing = changesNothing(plan);
  yield { type: 'plan', plan, changesNothing: nothing };
  if (dryRun || nothing) return;
  await executeIndexRepair(repository, plan, { signal });
  yield { type: 'done' };
}
