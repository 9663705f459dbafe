import type { RepairIndexEvent } from '../operations/repair-index.ts';
import type { RepairSnapshotsEvent } from '../operations/repair-snapshots.ts';
import type { IndexRepairPlan } from '../repository/repair-index.ts';
import type { SnapshotRepairPlan } from '../snapshot/repair-snapshots.ts';
import type { Loss } from '../snapshot/repair-tree.ts';
import { localTime } from './local-time.ts';
import { showName, type Output } from './output.ts';
import { count } from './phrases.ts';

/** Losses named for each snapshot; `-v` names all of them. */
const MAX_LOSSES = 20;

export function renderIndexRepair(output: Output, event: RepairIndexEvent, dryRun: boolean): void {
  switch (event.type) {
    case 'progress':
      output.status(() => `reading packs: ${event.done} of ${event.total}`);
      break;
    case 'plan':
      renderIndexPlan(output, event.plan);
      if (event.changesNothing) output.print('the index is right: nothing to repair');
      else if (dryRun) output.print('nothing was changed (--dry-run)');
      break;
    case 'done':
      output.print('the index is repaired; to see what snapshots lost: keepsake check');
      break;
  }
}

function renderIndexPlan(output: Output, plan: IndexRepairPlan): void {
  const { removeIndexFiles, writePacks, addedPacks, missingPacks, unusablePacks } = plan;
  for (const { name, why } of removeIndexFiles) {
    output.print(`index file ${name.slice(0, 8)} is replaced: ${why}`);
  }
  for (const name of addedPacks) output.print(`pack ${name.slice(0, 8)} is added to the index`);
  for (const name of missingPacks) output.print(`pack ${name.slice(0, 8)} is gone`);
  for (const { name, why, salvage, lostCount } of unusablePacks) {
    const saved = `${count(salvage.length, 'piece')} of it to be stored anew, ${lostCount} lost`;
    output.print(`pack ${name.slice(0, 8)} stays out of the index: ${why} (${saved})`);
  }
  output.emit({
    message_type: 'plan',
    remove_index_files: removeIndexFiles,
    write_packs: writePacks.map(({ id }) => id),
    add_packs: addedPacks,
    missing_packs: missingPacks,
    unusable_packs: unusablePacks.map(({ name, why, salvage, lostCount }) => ({
      name,
      why,
      salvaged_blobs: salvage.map(({ type, id }) => ({ type, id })),
      lost_blobs: lostCount,
    })),
  });
}

export class SnapshotRepairRenderer {
  readonly #output: Output;
  readonly #dryRun: boolean;
  #plan: SnapshotRepairPlan | undefined;

  constructor(output: Output, dryRun: boolean) {
    this.#output = output;
    this.#dryRun = dryRun;
  }

  take(event: RepairSnapshotsEvent): void {
    const output = this.#output;
    switch (event.type) {
      case 'progress':
        output.status(() => `following snapshots: ${event.done} of ${event.total}`);
        break;
      case 'plan':
        this.#plan = event.plan;
        this.#showPlan(event.plan);
        break;
      case 'saved':
        output.print(`saved ${event.id.slice(0, 8)} in place of ${event.original.slice(0, 8)}`);
        output.emit({ message_type: 'snapshot_saved', id: event.id, original: event.original });
        break;
      case 'removed':
        output.print(`removed ${event.id.slice(0, 8)}`);
        output.emit({ message_type: 'snapshot_removed', id: event.id });
        break;
    }
  }

  /** The last line. False when a snapshot stays hurt that was to be repaired. */
  finish(): boolean {
    const { repairs = [], lost = [], refused = [], soundCount = 0 } = this.#plan ?? {};
    const open = refused.length + lost.filter(({ remove }) => !remove).length;
    this.#output.emit({
      message_type: 'summary',
      snapshots_repaired: repairs.length,
      snapshots_sound: soundCount,
      snapshots_left: open,
      dry_run: this.#dryRun,
    });
    const repaired = this.#dryRun ? 'would be repaired' : 'repaired';
    this.#output.say(
      `${count(repairs.length, 'snapshot')} ${repaired}, ${soundCount} ${soundCount === 1 ? 'was' : 'were'} sound` +
        (open === 0 ? '' : `, ${open} left as they are`),
    );
    if (repairs.length > 0 && this.#plan?.forget === false) {
      this.#output.say('next: to remove the hurt ones: keepsake repair snapshots --forget');
    }
    return open === 0;
  }

  #showPlan({ repairs, lost, refused }: SnapshotRepairPlan): void {
    const output = this.#output;
    for (const { id, snapshot, losses, repairedAs } of repairs) {
      output.print(`snapshot ${id.slice(0, 8)} of ${localTime(snapshot.time)} lacks:`);
      const shown = output.verbosity > 0 ? losses : losses.slice(0, MAX_LOSSES);
      for (const loss of shown) output.print(`  ${describeLoss(loss)}`);
      const more = losses.length - shown.length;
      if (more > 0) output.print(`  and ${more} more (all of them with --verbose)`);
      if (repairedAs !== undefined) {
        output.print(`  it was repaired before, as ${repairedAs.slice(0, 8)}`);
      }
      output.emit({ message_type: 'snapshot_hurt', id, losses, repaired_as: repairedAs });
    }
    for (const { id, why, remove } of lost) {
      const remedy = `to remove it: keepsake repair snapshots --forget ${id.slice(0, 8)}`;
      output.warn(
        `snapshot ${id.slice(0, 8)} cannot be saved: ${why}${remove ? '' : `; ${remedy}`}`,
      );
      output.emit({ message_type: 'snapshot_lost', id, why, remove });
    }
    for (const { id, error } of refused) {
      output.warn(`snapshot ${id.slice(0, 8)} is not repaired: ${showName(error.message)}`);
      output.warn(`  ${error.hint}`);
      output.emit({ message_type: 'error', error: { message: error.message }, item: id });
    }
  }
}

function describeLoss(loss: Loss): string {
  const path = showName(loss.path);
  if (loss.kind === 'folder') return `all of ${path}/: ${loss.why}`;
  const { lostPieces, sizeBytes, keptBytes } = loss;
  return lostPieces === 0
    ? `${path}: its size is ${keptBytes} bytes, not ${sizeBytes}`
    : `${path}: ${count(sizeBytes - keptBytes, 'byte')} of ${count(sizeBytes, 'byte')}`;
}
