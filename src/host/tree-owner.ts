/**
 * Gives a folder and all below it to a user, links themselves and not what they point to.
 *
 * Each folder is opened without following a link and its entries are reached through the open
 * folder, so that nobody who may write there can lead a chown elsewhere by putting a link in between.
 */
import { constants, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { findAccount, idOfGroup } from './accounts.ts';

/** Or who is to own what this one owns. */
export type NewOwner = Owner | ((found: Owner) => Owner);

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * `user`, `user:group`, or numbers for either. Without a group it is the user's own.
 *
 * @throws HOST_USER_UNKNOWN
 */
export function resolveOwner(text: string): Owner {
  const [user = '', group] = text.split(':');
  const account = findAccount(user);
  const uid = account?.uid ?? numberOf(user);
  const gid = group === undefined ? account?.gid : (idOfGroup(group) ?? numberOf(group));
  if (uid === undefined || gid === undefined) {
    throw new KeepsakeError('HOST_USER_UNKNOWN', { user: text });
  }
  return { uid, gid };
}

/** Returns how many entries had another owner. */
export async function setTreeOwner(
  root: string,
  owner: NewOwner,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<number> {
  signal?.throwIfAborted();
  const changed = setOwner(fsPath(root), owner);
  if (!lstatSync(fsPath(root)).isDirectory()) return changed;
  return changed + (await setOwnersBelow(fsPath(root), owner, signal));
}

type PathLike = string | Buffer;

async function setOwnersBelow(
  folder: PathLike,
  owner: NewOwner,
  signal: AbortSignal | undefined,
): Promise<number> {
  signal?.throwIfAborted();
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  await using opened = await open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const here = `/proc/self/fd/${opened.fd}`;
  let changed = 0;
  for (const entry of readdirSync(here, { withFileTypes: true, encoding: 'buffer' })) {
    const path = fsPath(`${here}/${decodeRawName(entry.name)}`);
    changed += setOwner(path, owner);
    if (entry.isDirectory()) changed += await setOwnersBelow(path, owner, signal);
  }
  return changed;
}

function setOwner(path: PathLike, owner: NewOwner): number {
  const found = lstatSync(path);
  const { uid, gid } = typeof owner === 'function' ? owner(found) : owner;
  if (found.uid === uid && found.gid === gid) return 0;
  lchownSync(path, uid, gid);
  return 1;
}

function numberOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
