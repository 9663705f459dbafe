/**
 * Puts the restored state where the old one is, by renames alone, and back again.
 *
 * Where each entry is says how far a swap is: so it can be repeated from any point, in either
 * direction. No rename replaces anything: what stands in the way, and what came to be meanwhile, is
 * moved to `stray`.
 */
import { basename, dirname, join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import { whereSupported } from '../../backend/whole-file.ts';
import { kindOf, makeFolders } from './change-files.ts';
import type { AttributeAccess, SwapUnit } from './swap-units.ts';

export interface SwapWork {
  readonly files: FileLayer;
  readonly attributes: AttributeAccess;
}

/** Each rename is made durable where it arrives before where it left. */
export async function swapIn(units: readonly SwapUnit[], work: SwapWork): Promise<void> {
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

export async function swapBack(units: readonly SwapUnit[], work: SwapWork): Promise<void> {
  const out = new Moves(work.files);
  for (const unit of units.toReversed()) await takeOut(unit, work, out);
  await out.settle();
  const into = new Moves(work.files);
  for (const unit of units.toReversed()) await putBack(unit, work, into);
  await into.settle();
  for (const { attributes, live } of units.toReversed()) {
    if (attributes !== undefined) await work.attributes.write(live, attributes);
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
  const { live, old, stray, onlyIfMissing, attributes } = unit;
  if (attributes !== undefined || onlyIfMissing === true) return;
  if (old !== undefined && !(await isThere(files, old))) return; // it never left
  // Made by the app that ran on the new state, such as its -wal: beside the old one it is poison.
  if (await isThere(files, live)) await moves.moveAside(live, stray);
  if (old !== undefined) await moves.move(old, live);
}

/** What is to come in has come in. */
async function isIn({ fresh }: SwapUnit, files: FileLayer): Promise<boolean> {
  return fresh !== undefined && !(await isThere(files, fresh));
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
