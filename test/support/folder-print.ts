/**
 * Everything about a folder's files that a capture must leave as it was. Not the ctime: in a process
 * of root, SQLite sets the owner of the files beside a database to what it is already.
 */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One line a file, the folder itself first: name, size, content, owner, mode, mtime, inode, links. */
export async function printFolder(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  const lines = [await printEntry(folder, '.')];
  for (const name of names) lines.push(await printEntry(folder, name));
  return lines;
}

async function printEntry(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const { size, uid, gid, mode, mtimeNs, ino, nlink } = await lstat(path, {
    bigint: true,
  });
  const isFile = (mode & 0o170000n) === 0o100000n;
  const hash = isFile
    ? createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
    : '';
  return [name, size, hash, uid, gid, mode.toString(8), mtimeNs, ino, nlink].join(' ');
}
