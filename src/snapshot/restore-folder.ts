import { chmodSync, closeSync, fsync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import type { RestoreContext } from './restore-context.ts';
import type { NewFile } from '../host/new-files.ts';
import { restoreMetadata } from './restore-metadata.ts';
import { lstatIfAny, removeLeftovers } from './temporary-name.ts';

const OWNER_ALL = 0o700;
const PERMISSION_BITS = 0o7777n;
const flush = promisify(fsync);

/**
 * `untouched` until something is to be put in; `absent` when a dry run would make it; `failed`
 * when it cannot be had, which was reported.
 */
type FolderState = 'untouched' | 'ready' | 'absent' | 'failed';

/** A folder being filled. Its final metadata comes when everything in it is done. */
export class RestoreFolder {
  /** As in the snapshot. */
  readonly path: string;
  readonly at: string;
  /** Absent for the target itself. */
  readonly node: Node | undefined;
  readonly parent: RestoreFolder | undefined;
  state: FolderState = 'untouched';
  /** What `lstat` said, if the folder was there before. */
  before: BigIntStats | undefined;
  /** Known once a file was made in it. */
  newFile: NewFile | undefined;
  #pending = 1;
  readonly #idle = Promise.withResolvers<void>();

  constructor(place: { path: string; at: string; node?: Node; parent?: RestoreFolder }) {
    this.path = place.path;
    this.at = place.at;
    this.node = place.node;
    this.parent = place.parent;
  }

  /** Counts something in the folder that is not done yet. */
  hold(): void {
    this.#pending += 1;
  }

  release(): void {
    this.#pending -= 1;
    if (this.#pending === 0) this.#idle.resolve();
  }

  /** Call once, after the last `hold`: resolves when everything held was released. */
  async idle(): Promise<void> {
    this.release();
    await this.#idle.promise;
  }
}

/** Makes the folder and those above it, as far as needed. `false`: it cannot be had. */
export async function ensureFolder(
  context: RestoreContext,
  folder: RestoreFolder,
): Promise<boolean> {
  if (folder.state !== 'untouched') return folder.state !== 'failed';
  if (folder.parent !== undefined && !(await ensureFolder(context, folder.parent))) {
    folder.state = 'failed';
    return false;
  }
  try {
    folder.state = openFolder(context, folder);
  } catch (error) {
    folder.state = 'failed';
    await context.fail(folder.path, error);
  }
  return folder.state !== 'failed';
}

function openFolder(context: RestoreContext, folder: RestoreFolder): FolderState {
  const { at, parent } = folder;
  const found = parent?.state === 'absent' ? undefined : lstatIfAny(at);
  if (found?.isDirectory() === true) {
    folder.before = found;
    if (!context.dryRun) makeFillable(at, found);
    return 'ready';
  }
  if (found !== undefined && context.overwrite === 'never') throw conflict(folder.path, found);
  if (context.dryRun) return 'absent';
  // Never through a link: what stands here would take the files to somewhere else.
  if (found !== undefined) unlinkSync(fsPath(at));
  mkdirSync(fsPath(at), { mode: OWNER_ALL });
  return 'ready';
}

function makeFillable(at: string, found: BigIntStats): void {
  const mode = Number(found.mode & PERMISSION_BITS);
  if ((mode & OWNER_ALL) !== OWNER_ALL) chmodSync(fsPath(at), mode | OWNER_ALL);
  removeLeftovers(at);
}

function conflict(path: string, found: BigIntStats): KeepsakeError {
  const what = found.isSymbolicLink() ? 'symbolic link' : 'file';
  return new KeepsakeError('RESTORE_CONFLICT', { path, found: what, wanted: 'folder' });
}

/** After the last entry: the folder's own owner, mode and times. */
export async function finishFolder(context: RestoreContext, folder: RestoreFolder): Promise<void> {
  const { path, at, node, before, state } = folder;
  if (state === 'untouched' || state === 'failed') return;
  const kept = before !== undefined && context.overwrite === 'never';
  if (!context.dryRun) {
    if (node !== undefined && !kept) await restoreMetadata(context, { path, at, node, before });
    else if (before !== undefined) restoreMode(at, before);
    if (context.durable) await flushFolder(at);
  }
  if (node === undefined) return;
  const action = before === undefined ? 'restored' : kept ? 'skipped' : 'unchanged';
  await context.done(action, { path, type: 'dir' });
}

function restoreMode(at: string, before: BigIntStats): void {
  const mode = Number(before.mode & PERMISSION_BITS);
  if ((mode & OWNER_ALL) !== OWNER_ALL) chmodSync(fsPath(at), mode);
}

async function flushFolder(at: string): Promise<void> {
  const fd = openSync(fsPath(at), 'r');
  try {
    await flush(fd);
  } finally {
    closeSync(fd);
  }
}
