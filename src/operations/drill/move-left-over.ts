/** Makes one tree of what was put in place and what was left where restic wrote it. */
import { chmod, lstat, readdir, rename } from 'node:fs/promises';
import { errnoCode } from '../../host/system-call-error.ts';

/** What is in `to` already stays. */
export async function moveLeftOver(from: string, to: string): Promise<void> {
  await moveTree(Buffer.from(from), Buffer.from(to));
}

async function moveTree(from: Buffer, to: Buffer): Promise<void> {
  const isFolder = await isFolderAt(from);
  if (isFolder === undefined) return;
  // A folder that forbids it to its owner cannot be moved; modes are not what is judged.
  if (isFolder) await chmod(from, 0o700);
  const there = await isFolderAt(to);
  if (there === undefined) {
    await rename(from, to);
    return;
  }
  if (!isFolder || !there) return;
  for (const name of await readdir(from, { encoding: 'buffer' })) {
    await moveTree(below(from, name), below(to, name));
  }
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

/** `undefined`: there is nothing. */
async function isFolderAt(path: Buffer): Promise<boolean | undefined> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
