import type { RepairIndexEvent } from '../operations/repair-index.ts';
import type { RepairSnapshotsEvent } from '../operations/repair-snapshots.ts';
import type { IndexRepairPlan } from '../repository/repair-index.ts';
import type { SnapshotRepair, SnapshotRepairPlan } from '../snapshot/repair-snapshots.ts';
import type { Loss, Repair, SizeCorrection } from '../snapshot/repair-tree.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { count } from './phrases.ts';

/** What is named for each snapshot; `-v` names all of it. */
const MAX_NAMED = 20;

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
    for (const repair of repairs) this.#showRepair(repair);
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

  #showRepair({ id, snapshot, repairs, repairedAs }: SnapshotRepair): void {
    const output = this.#output;
    const losses = repairs.filter(isLoss);
    const sizes = repairs.filter((repair) => repair.kind === 'size');
    const name = `snapshot ${id.slice(0, 8)} of ${localTime(snapshot.time)}`;
    this.#list(`${name} lacks:`, losses.map(describeLoss));
    this.#list(`${name} gets the right size of:`, sizes.map(describeCorrection));
    if (repairedAs !== undefined) {
      output.print(`  it was repaired before, as ${repairedAs.slice(0, 8)}`);
    }
    output.emit({
      message_type: 'snapshot_hurt',
      id,
      losses: losses.map(lossMessage),
      sizes: sizes.map(({ path, sizeBytes, contentBytes }) => ({
        path,
        size: contentBytes,
        size_before: sizeBytes,
      })),
      repaired_as: repairedAs,
    });
  }

  #list(title: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const output = this.#output;
    output.print(title);
    const shown = output.verbosity > 0 ? lines : lines.slice(0, MAX_NAMED);
    for (const line of shown) output.print(`  ${line}`);
    const more = lines.length - shown.length;
    if (more > 0) output.print(`  and ${more} more (all of them with --verbose)`);
  }
}

function isLoss(repair: Repair): repair is Loss {
  return repair.kind !== 'size';
}

function describeLoss(loss: Loss): string {
  const path = showName(loss.path);
  if (loss.kind === 'folder') return `all of ${path}/: ${loss.why}`;
  const { lostPieces, sizeBytes, keptBytes } = loss;
  if (lostPieces === 0) return `${path}: which pieces it had (${count(sizeBytes, 'byte')})`;
  return `${path}: ${count(sizeBytes - keptBytes, 'byte')} of ${count(sizeBytes, 'byte')}`;
}

function describeCorrection({ path, sizeBytes, contentBytes }: SizeCorrection): string {
  return `${showName(path)}: ${count(contentBytes, 'byte')}, not ${sizeBytes}`;
}

function lossMessage(loss: Loss): object {
  const { kind, path } = loss;
  if (kind === 'folder') return { kind, path, why: loss.why };
  const { lostPieces, sizeBytes, keptBytes } = loss;
  return { kind, path, lost_pieces: lostPieces, size: sizeBytes, kept_bytes: keptBytes };
}
