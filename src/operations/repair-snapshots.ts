/** `repair snapshots`: shows what is lost, and writes new snapshots of what is whole. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Repository } from '../repository/repository.ts';
import {
  executeSnapshotRepair,
  planSnapshotRepair,
  type SnapshotRepairEvent,
  type SnapshotRepairPlan,
} from '../snapshot/repair-snapshots.ts';
import { withEvents } from './event-channel.ts';
import { openForRepair, type RepairInput } from './open-for-repair.ts';
import type { Workbench } from './workbench.ts';

export interface RepairSnapshotsInput extends RepairInput {
  /** Ids or beginnings of ids; none: all. */
  readonly ids: readonly string[];
  readonly forget: boolean;
}

export type RepairSnapshotsEvent =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  /** Before anything is changed. */
  | { readonly type: 'plan'; readonly plan: SnapshotRepairPlan }
  | SnapshotRepairEvent;

export async function* repairSnapshots(
  workbench: Workbench,
  input: RepairSnapshotsInput,
): AsyncGenerator<RepairSnapshotsEvent> {
  const { dryRun, forget, signal } = input;
  await using session = await openForRepair(workbench, input);
  const { repository } = session;
  const only = await resolveIds(repository, input);
  const plan = yield* withEvents<RepairSnapshotsEvent, SnapshotRepairPlan>((emitter) =>
    planSnapshotRepair(repository, {
      only,
      forget,
      signal,
      onProgress: (done, total) => emitter.emitProgress({ type: 'progress', done, total }),
    }),
  );
  yield { type: 'plan', plan };
  if (!dryRun) yield* executeSnapshotRepair(repository, plan, { signal });
}

/** By the names of the files, since a damaged one may be meant. */
async function resolveIds(
  { backend }: Repository,
  { ids, signal }: RepairSnapshotsInput,
): Promise<string[] | undefined> {
  if (ids.length === 0) return undefined;
  const names: string[] = [];
  for await (const { name } of backend.list('snapshot', { signal })) names.push(name);
  return ids.map((wanted) => {
    const [only, ...more] = names.filter((name) => wanted !== '' && name.startsWith(wanted));
    if (only !== undefined && more.length === 0) return only;
    const candidates = only === undefined ? [] : [only, ...more].map((name) => name.slice(0, 12));
    throw new KeepsakeError('REPOSITORY_SNAPSHOT_NOT_FOUND', { wanted, candidates });
  });
}
