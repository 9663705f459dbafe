/**
 * The file system as a change in place uses it. Whatever it moves or writes of its own goes through
 * a `FileLayer`, so that tests can stop at the n-th call or lose what was not synced.
 */
import { rmSync } from 'node:fs';
import { chmod, lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { nodeFileLayer, type FileLayer } from '../../backend/file-layer.ts';
import { systemCode } from '../../backend/file-errors.ts';
import { readRange, removeQuietly, whereSupported } from '../../backend/whole-file.ts';
import { utf8Decode, utf8Encode } from '../../base/bytes.ts';
import { fsPath } from '../../base/raw-name.ts';

export type EntryKind = 'file' | 'folder' | 'other';

/** As `nodeFileLayer`, but a symbolic link stands for itself: it is what is moved. */
export const changeFileLayer: FileLayer = {
  ...nodeFileLayer,
  async stat(path) {
    const stats = await lstat(fsPath(path));
    return {
      type: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
      sizeBytes: stats.size,
      mode: stats.mode & 0o7777,
      modifiedAt: stats.mtime,
    };
  },
};

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/** What stands there; `undefined` for nothing. */
export async function kindOf(files: FileLayer, path: string): Promise<EntryKind | undefined> {
  try {
    return (await files.stat(path)).type;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return undefined;
    throw error;
  }
}

/** Makes the folder and those above it that are missing; each new name is durable. */
export async function makeFolders(files: FileLayer, path: string): Promise<void> {
  if ((await kindOf(files, path)) !== undefined) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolders(files, parent);
  await files.makeFolder(path, PRIVATE_FOLDER);
  await whereSupported(files.syncFolder(parent));
}

/** Old or new, whole, and on the disk itself when it resolves. */
export async function writeDurably(files: FileLayer, path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  if ((await kindOf(files, temporary)) !== undefined) await files.unlink(temporary);
  const bytes = utf8Encode(text);
  const file = await files.createFile(temporary, PRIVATE_FILE);
  try {
    for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at), at);
    await whereSupported(file.sync());
  } catch (error) {
    await removeQuietly(files, temporary);
    throw error;
  } finally {
    await file.close();
  }
  await files.rename(temporary, path);
  await whereSupported(files.syncFolder(dirname(path)));
}

/** `undefined` when there is no such file. */
export async function readTextIfAny(files: FileLayer, path: string): Promise<string | undefined> {
  if ((await kindOf(files, path)) !== 'file') return undefined;
  return utf8Decode(
    await readRange(files, path, { place: { location: dirname(path), file: path } }),
  );
}

export async function removeFileIfAny(files: FileLayer, path: string): Promise<void> {
  if ((await kindOf(files, path)) === undefined) return;
  await files.unlink(path);
  await whereSupported(files.syncFolder(dirname(path)));
}

/**
 * With all that is in it, also from folders that their owner may not write in. Not by the
 * asynchronous `rm`, which begins with all entries at once: 500 MB for a folder of 200,000 files.
 */
export async function removeTree(path: string): Promise<void> {
  // Without a slash at its end: with one `rmSync` empties what a link leads to (Node 24.21).
  const whole = fsPath(resolve(path));
  const remove = () => rmSync(whole, { recursive: true, force: true });
  try {
    remove();
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error;
    await openFolders(path);
    remove();
  }
}

async function openFolders(path: string): Promise<void> {
  if ((await kindOf(changeFileLayer, path)) !== 'folder') return;
  await chmod(fsPath(path), PRIVATE_FOLDER);
  for (const name of await changeFileLayer.readFolder(path)) await openFolders(join(path, name));
}

/** Nothing where the folder is absent or not ours to read. */
export async function namesIn(files: FileLayer, folder: string): Promise<string[]> {
  try {
    return await files.readFolder(folder);
  } catch {
    return [];
  }
}
