import { chmodSync, fchmodSync, fchownSync, lchownSync, type BigIntStats } from 'node:fs';
import { equalBytes } from '../base/bytes.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';
import { statModeFromMode } from '../format/file-mode.ts';
import { timeToNs } from '../format/go-time.ts';
import {
  getXattr,
  listXattrs,
  removeXattr,
  setOpenTimesNs,
  setTimesNs,
  setXattr,
} from '../host/libc.ts';
import { SYSTEM_OWNED, type NewFile } from '../host/new-files.ts';
import { errnoCode } from '../host/system-call-error.ts';
import type { Node } from '../format/node.ts';
import type { RestoreContext } from './restore-context.ts';

export interface Placed {
  /** As in the snapshot, for messages. */
  readonly path: string;
  /** Where the entry stands now. Not followed if it is a link. */
  readonly at: string;
  readonly node: Node;
  /** What `lstat` said of an entry that was there before. */
  readonly before?: BigIntStats | undefined;
  /** The entry is a regular file, made just now and still open. */
  readonly fresh?: { readonly fd: number; readonly as: NewFile } | undefined;
}

/**
 * Owner, extended attributes, mode, times, in this order: a change of owner clears setuid and
 * file capabilities, attributes need the write permission that the mode may take away, and the
 * times must come last. Each step is tried whatever became of the others.
 */
export async function restoreMetadata(context: RestoreContext, placed: Placed): Promise<void> {
  const { at, node, fresh } = placed;
  if (context.owners && !hasOwner(placed)) {
    await attempt(context, { placed, what: 'the owner' }, () => {
      if (fresh === undefined) lchownSync(fsPath(at), node.uid, node.gid);
      else fchownSync(fresh.fd, node.uid, node.gid);
    });
  }
  if (!isWithoutXattrs(placed)) await restoreXattrs(context, placed);
  if (node.type !== 'symlink') {
    await attempt(context, { placed, what: 'the mode' }, () => {
      const mode = statModeFromMode(node.mode);
      if (fresh === undefined) chmodSync(fsPath(at), mode);
      else fchmodSync(fresh.fd, mode);
    });
  }
  await attempt(context, { placed, what: 'the times' }, () => {
    const [atimeNs, mtimeNs] = [timeToNs(node.atime), timeToNs(node.mtime)];
    if (fresh === undefined) setTimesNs(at, atimeNs, mtimeNs);
    else setOpenTimesNs({ fd: fresh.fd, path: at }, atimeNs, mtimeNs);
  });
}

function hasOwner({ node, before, fresh }: Placed): boolean {
  if (fresh !== undefined) return fresh.as.uid === node.uid && fresh.as.gid === node.gid;
  return before?.uid === BigInt(node.uid) && before.gid === BigInt(node.gid);
}

/** None to set and none to take away. */
function isWithoutXattrs({ node, fresh }: Placed): boolean {
  return fresh?.as.hasAttributes === false && (node.extendedAttributes ?? []).length === 0;
}

async function restoreXattrs(context: RestoreContext, placed: Placed): Promise<void> {
  const { at, node } = placed;
  const wanted = node.extendedAttributes ?? [];
  for (const { name, value } of wanted) {
    await attempt(context, { placed, what: `the attribute ${name}` }, () => {
      const present = placed.before === undefined ? undefined : getXattr(at, name);
      if (present === undefined || !equalBytes(present, value)) setXattr(at, name, value);
    });
  }
  const names = new Set(wanted.map(({ name }) => name));
  await attempt(context, { placed, what: 'the extended attributes' }, () => {
    for (const name of listXattrs(at)) {
      if (!names.has(name) && !SYSTEM_OWNED.test(name)) removeXattr(at, name);
    }
  });
}

async function attempt(
  context: RestoreContext,
  { placed: { path }, what }: { placed: Placed; what: string },
  step: () => void,
): Promise<void> {
  try {
    step();
  } catch (error) {
    const code = errnoCode(error) ?? '';
    const denied = code === 'EPERM' || code === 'EACCES';
    // As everyone but root one owns what one restores, and that is expected.
    if (denied && !context.isRoot && what === 'the owner') return;
    const details = { path, what, why: describeCause(error) };
    const failure = new KeepsakeError('RESTORE_METADATA_FAILED', details, { cause: error });
    const harmless = code === 'ENOTSUP' || code === 'EOPNOTSUPP' || (denied && !context.isRoot);
    if (harmless) await context.warn(path, 'metadata', failure.message);
    else await context.fail(path, failure);
  }
}
