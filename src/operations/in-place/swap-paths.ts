/**
 * Puts the restored state where the old one is, by renames alone, and back again.
 *
 * Where each entry is says how far a swap is: so it can be repeated from any point, in either
 * direction. No rename replaces anything: what stands in the way, and what came to be meanwhile, is
 * moved to `stray`. Where neither the old nor the restored one waits, somebody removed them: nothing
 * is moved then, because what stands in the app may be the only copy.
 */
import { basename, dirname, join } from 'node:path';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { FileLayer } from '../../backend/file-layer.ts';
import { whereSupported } from '../../backend/whole-file.ts';
import { kindOf, makeFolders } from './change-files.ts';
import { hasMoved, type AttributeAccess, type SwapUnit } from './swap-units.ts';

export interface SwapWork {
  readonly files: FileLayer;
  readonly attributes: AttributeAccess;
}

/** Each rename is made durable where it arrives before where it left. */
export async function swapIn(units: readonly SwapUnit[], work: SwapWork): Promise<void> {
  await assertClear(units, work.files);
  await assertStaged(units, work.files);
  const out = new Moves(work.files);
  for (const unit of units) await moveOut(unit, work, out);
  await out.settle();
  const into = new Moves(work.files);
  for (const unit of units) await moveIn(unit, work, into);
  await into.settle();
  for (const { attributes, fresh, live } of units.toReversed()) {
    if (attributes === undefined || fresh === undefined) continue;
    await work.attributes.write(live, await work.attributes.read(fresh));
  }
}

/** `onTakeOut` is awaited before the first path that came in is taken out again. */
export async function swapBack(
  units: readonly SwapUnit[],
  work: SwapWork,
  onTakeOut: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await assertClear(units, work.files);
  if (await hasMoved(units, work.files)) {
    if (await anyIn(units, work.files)) await onTakeOut();
    await moveBack(units, work);
  }
  for (const { attributes, live } of units.toReversed()) {
    if (attributes !== undefined) await work.attributes.write(live, attributes);
  }
}

/** What was staged once and may have been written to since makes room for another staging. */
export async function setAsideStaged(
  { files }: Pick<SwapWork, 'files'>,
  places: readonly { readonly path: string }[],
): Promise<void> {
  const moves = new Moves(files);
  for (const { path } of places) {
    const staged = join(path, 'new');
    if (await isThere(files, staged)) await moves.moveAside(staged, join(path, 'stray', 'new'));
  }
  await moves.settle();
}

async function moveBack(units: readonly SwapUnit[], work: SwapWork): Promise<void> {
  const out = new Moves(work.files);
  for (const unit of units.toReversed()) await takeOut(unit, work, out);
  await out.settle();
  const [sidecars, others] = [units.filter(isSidecar), units.filter((unit) => !isSidecar(unit))];
  // A database comes back when nothing but its own stands beside it.
  for (const each of [sidecars, others]) {
    const into = new Moves(work.files);
    for (const unit of each.toReversed()) await putBack(unit, work, into);
    await into.settle();
  }
}

async function moveOut(unit: SwapUnit, work: SwapWork, moves: Moves): Promise<void> {
  const { live, old, attributes } = unit;
  const { files } = work;
  if (old === undefined || (await isIn(unit, files))) return;
  if (attributes !== undefined) {
    await makeFolders(files, old);
    await work.attributes.write(old, attributes);
    return;
  }
  if (await isThere(files, old)) return;
  if (await isThere(files, live)) await moves.move(live, old);
}

async function moveIn(unit: SwapUnit, { files }: SwapWork, moves: Moves): Promise<void> {
  const { live, fresh, stray, onlyIfMissing, attributes, beside } = unit;
  if (attributes !== undefined || (await isIn(unit, files))) return;
  // The app that was started on the restored database made it.
  if (fresh === undefined && beside !== undefined && !(await isThere(files, beside))) return;
  if (await isThere(files, live)) {
    if (onlyIfMissing === true) return;
    await moves.moveAside(live, stray);
  }
  if (fresh !== undefined) await moves.move(fresh, live);
}

async function takeOut(unit: SwapUnit, { files }: SwapWork, moves: Moves): Promise<void> {
  const { live, fresh, attributes } = unit;
  if (attributes !== undefined || fresh === undefined) return;
  if ((await isIn(unit, files)) && (await isThere(files, live))) await moves.move(live, fresh);
}

async function putBack(unit: SwapUnit, { files }: SwapWork, moves: Moves): Promise<void> {
  const { live, old, stray, onlyIfMissing, attributes, databaseOld } = unit;
  if (attributes !== undefined || onlyIfMissing === true) return;
  const leaver = old ?? databaseOld;
  if (leaver !== undefined && !(await isThere(files, leaver))) return; // it never left, or is back
  // Made by the app that ran on the new state, such as its -wal: beside the old one it is poison.
  if (await isThere(files, live)) await moves.moveAside(live, stray);
  if (old !== undefined) await moves.move(old, live);
}

function isSidecar({ databaseOld, beside }: SwapUnit): boolean {
  return databaseOld !== undefined || beside !== undefined;
}

async function anyIn(units: readonly SwapUnit[], files: FileLayer): Promise<boolean> {
  for (const unit of units) {
    if (unit.attributes === undefined && (await isIn(unit, files))) return true;
  }
  return false;
}

/** What is to come in has come in. */
async function isIn({ fresh, old }: SwapUnit, files: FileLayer): Promise<boolean> {
  if (fresh === undefined || (await isThere(files, fresh))) return false;
  return old === undefined || (await isThere(files, old));
}

/** It is known which state stands there. Throws `CHANGE_FILES_GONE`. */
async function assertClear(units: readonly SwapUnit[], files: FileLayer): Promise<void> {
  for (const { live, fresh, old, attributes } of units) {
    if (attributes !== undefined || fresh === undefined || old === undefined) continue;
    if ((await isThere(files, fresh)) || (await isThere(files, old))) continue;
    throw new KeepsakeError('CHANGE_FILES_GONE', { path: live, fresh });
  }
}

/** What is to come in is there, or came in. Throws `CHANGE_FILES_GONE`. */
async function assertStaged(units: readonly SwapUnit[], files: FileLayer): Promise<void> {
  for (const { live, fresh, attributes } of units) {
    if (attributes !== undefined || fresh === undefined) continue;
    if ((await isThere(files, fresh)) || (await isThere(files, live))) continue;
    throw new KeepsakeError('CHANGE_FILES_GONE', { path: live, fresh });
  }
}

async function isThere(files: FileLayer, path: string): Promise<boolean> {
  return (await kindOf(files, path)) !== undefined;
}

/** Renames, and the folders whose names they changed. */
class Moves {
  readonly #files: FileLayer;
  readonly #arrived = new Set<string>();
  readonly #left = new Set<string>();

  constructor(files: FileLayer) {
    this.#files = files;
  }

  async move(from: string, to: string): Promise<void> {
    await makeFolders(this.#files, dirname(to));
    await this.#files.rename(from, to);
    this.#left.add(dirname(from));
    this.#arrived.add(dirname(to));
  }

  /** Under a name that is free. */
  async moveAside(from: string, stray: string): Promise<void> {
    let to = stray;
    for (let count = 2; (await kindOf(this.#files, to)) !== undefined; count += 1) {
      to = join(dirname(stray), `${basename(stray)}.${count}`);
    }
    await this.move(from, to);
  }

  async settle(): Promise<void> {
    for (const folder of this.#arrived) await whereSupported(this.#files.syncFolder(folder));
    for (const folder of this.#left) {
      if (!this.#arrived.has(folder)) await whereSupported(this.#files.syncFolder(folder));
    }
  }
}
