/** `repair index`: shows what it will do, and does it. */
import {
  changesNothing,
  executeIndexRepair,
  planIndexRepair,
  type IndexRepairPlan,
} from '../repository/repair-index.ts';
import { withEvents } from './event-channel.ts';
import { openSession, type SessionOptions } from './open-session.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

export interface RepairIndexInput extends Omit<SessionOptions, 'lock'> {
  readonly repository: RepositoryChoice;
  /** Read every pack whole. */
  readonly readData: boolean;
  readonly dryRun: boolean;
}

export type RepairIndexEvent =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  /** Before anything is changed. */
  | { readonly type: 'plan'; readonly plan: IndexRepairPlan; readonly changesNothing: boolean }
  | { readonly type: 'done' };

/** Reads the store itself, not the local cache. A dry run takes no exclusive lock. */
export async function* repairIndex(
  workbench: Workbench,
  input: RepairIndexInput,
): AsyncGenerator<RepairIndexEvent> {
  const choice = { ...input.repository, cacheFolder: undefined };
  const { dryRun, readData, signal } = input;
  const lock = dryRun ? 'shared' : 'exclusive';
  await using session = await openSession(workbench, choice, { ...input, lock });
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
