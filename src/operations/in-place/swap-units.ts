/**
 * What is moved so that the restored state stands where the old one is.
 *
 * A path is replaced as a whole where that is possible. A folder that cannot be moved (it is a
 * mount point) or holds what must stay (excluded from backups, or mounted below it) is gone into,
 * and its entries are replaced one by one.
 */
import { join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import { sidecarsOf } from '../../sqlite/database-file.ts';
import { kindOf, type EntryKind } from './change-files.ts';

/** One path of the app that is swapped. */
export interface SwapRoot {
  /** As in the snapshot. */
  readonly path: string;
  /** As the app names it, where `path` is what a link of that name leads to. */
  readonly linkedFrom?: string;
  /** Where it really is: links are followed. */
  readonly at: string;
  /** …/.keepsake-restore-<id>, on the same file system. */
  readonly place: string;
  /** In the place: the restored state, the old one, and what was in the way. */
  readonly fresh: string;
  readonly old: string;
  readonly stray: string;
  /** It cannot be moved itself. */
  readonly isMount: boolean;
  /** Brought in only where nothing stands, and never taken away. */
  readonly onlyIfMissing?: boolean;
}

/** One entry that is moved. */
export interface SwapUnit {
  readonly live: string;
  /** Absent: nothing comes in. */
  readonly fresh?: string;
  /** Absent: nothing stood there. */
  readonly old?: string;
  readonly stray: string;
  readonly onlyIfMissing?: boolean;
  /** A folder that stays, and what it had; it gets what `fresh` has. */
  readonly attributes?: Attributes;
  /** Of a sidecar: the restored database it must not stand beside. */
  readonly beside?: string;
  /** Of a sidecar: where its database goes. Before that is there, what comes to be is the app's. */
  readonly databaseOld?: string;
  /** Of a sidecar: its `old`, should it come to be before its database leaves. */
  readonly lateOld?: string;
}

/** What a folder has beside its entries. */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedMs: number;
}

export interface AttributeAccess {
  readonly read: (path: string) => Promise<Attributes>;
  readonly write: (path: string, attributes: Attributes) => Promise<void>;
}

export interface SwapPlanning {
  readonly files: FileLayer;
  /** What stays although it lies in a folder that is replaced: excluded, mounted, Keepsake's own. */
  readonly stays: (at: string, path: string) => boolean;
  /** Whether any of that lies in this folder. */
  readonly holdsWhatStays: (at: string, path: string) => boolean;
  /** Whether SQLite files belong to it. */
  readonly isDatabase: (path: string) => boolean;
  readonly attributes: AttributeAccess;
}

/** To be called when the app is stopped: looks at what is there now. */
export async function planSwap(
  roots: readonly SwapRoot[],
  planning: SwapPlanning,
): Promise<SwapUnit[]> {
  const units: SwapUnit[] = [];
  for (const root of roots) await planEntry(root, planning, units);
  return units;
}

async function planEntry(
  entry: SwapRoot,
  planning: SwapPlanning,
  units: SwapUnit[],
): Promise<void> {
  const { files } = planning;
  const live = await kindOf(files, entry.at);
  const fresh = await kindOf(files, entry.fresh);
  if (live === 'folder' && (entry.isMount || planning.holdsWhatStays(entry.at, entry.path))) {
    await planInside(entry, planning, units);
    return;
  }
  const isDatabase =
    (live === 'file' && planning.isDatabase(entry.at)) ||
    (fresh === 'file' && planning.isDatabase(entry.fresh));
  // First those: a database never comes in beside a -wal that is not its own.
  if (isDatabase) {
    const isComing = fresh !== undefined;
    await planSidecars(entry, { files, isComing, isThere: live !== undefined }, units);
  }
  units.push(unitOf(entry, { live, fresh }));
}

/**
 * The plan for a swap that was cut off: made anew where nothing was moved yet, because the app may
 * have run since. Else with the sidecars that came to be beside a database that has not left.
 */
export async function planAgain(
  units: readonly SwapUnit[],
  { roots, planning }: { roots: readonly SwapRoot[]; planning: SwapPlanning },
): Promise<SwapUnit[]> {
  const { files } = planning;
  if (await hasMoved(units, files)) return Promise.all(units.map((unit) => withLate(unit, files)));
  // What the way back left to be set is not what the folder had.
  const before = new Map(units.map(({ live, attributes }) => [live, attributes]));
  return (await planSwap(roots, planning)).map((unit) => {
    const attributes = before.get(unit.live);
    return unit.attributes === undefined || attributes === undefined
      ? unit
      : { ...unit, attributes };
  });
}

/** Whether anything is where the swap brings it. */
export async function hasMoved(units: readonly SwapUnit[], files: FileLayer): Promise<boolean> {
  for (const { attributes, old, fresh } of units) {
    if (attributes !== undefined) continue;
    if (old !== undefined && (await kindOf(files, old)) !== undefined) return true;
    if (fresh !== undefined && (await kindOf(files, fresh)) === undefined) return true;
  }
  return false;
}

async function withLate(unit: SwapUnit, files: FileLayer): Promise<SwapUnit> {
  const { live, old, databaseOld, lateOld } = unit;
  if (old !== undefined || databaseOld === undefined || lateOld === undefined) return unit;
  const hasLeft = (await kindOf(files, databaseOld)) !== undefined;
  if (hasLeft || (await kindOf(files, live)) === undefined) return unit;
  return { ...unit, old: lateOld };
}

function unitOf(
  { at, fresh, old, stray, onlyIfMissing }: Omit<SwapRoot, 'path' | 'place' | 'isMount'>,
  found: { live: EntryKind | undefined; fresh: EntryKind | undefined },
): SwapUnit {
  return {
    live: at,
    stray,
    ...(found.fresh !== undefined && { fresh }),
    ...(found.live !== undefined && onlyIfMissing !== true && { old }),
    ...(onlyIfMissing === true && { onlyIfMissing }),
  };
}

/** Also those that are not there: the app that runs on the new database will make some. */
async function planSidecars(
  { at, fresh, old, stray }: SwapRoot,
  { files, isComing, isThere }: { files: FileLayer; isComing: boolean; isThere: boolean },
  units: SwapUnit[],
): Promise<void> {
  const [olds, freshes, strays] = [sidecarsOf(old), sidecarsOf(fresh), sidecarsOf(stray)];
  for (const [index, live] of sidecarsOf(at).entries()) {
    const [sidecar = '', past = '', aside = ''] = [freshes[index], olds[index], strays[index]];
    const entry = { at: live, fresh: sidecar, old: past, stray: aside };
    const found = { live: await kindOf(files, live), fresh: await kindOf(files, sidecar) };
    units.push({
      ...unitOf(entry, found),
      ...(isComing && { beside: fresh }),
      ...(isThere && { databaseOld: old, lateOld: past }),
    });
  }
}

async function planInside(
  folder: SwapRoot,
  planning: SwapPlanning,
  units: SwapUnit[],
): Promise<void> {
  const { files, stays, attributes } = planning;
  const freshKind = await kindOf(files, folder.fresh);
  const names = new Set(await files.readFolder(folder.at));
  if (freshKind === 'folder')
    for (const name of await files.readFolder(folder.fresh)) names.add(name);
  units.push({
    live: folder.at,
    old: folder.old,
    stray: folder.stray,
    attributes: await attributes.read(folder.at),
    ...(freshKind === 'folder' && { fresh: folder.fresh }),
  });
  const planned = new Set<string>();
  // Databases come before their sidecars, which are planned with them.
  for (const name of [...names].sort()) {
    const entry = child(folder, name);
    if (planned.has(entry.at) || stays(entry.at, entry.path)) continue;
    const before = units.length;
    await planEntry(entry, planning, units);
    for (const { live } of units.slice(before)) planned.add(live);
  }
}

function child(folder: SwapRoot, name: string): SwapRoot {
  return {
    place: folder.place,
    path: join(folder.path, name),
    at: join(folder.at, name),
    fresh: join(folder.fresh, name),
    old: join(folder.old, name),
    stray: join(folder.stray, name),
    isMount: false,
  };
}
