/**
 * The few file system calls that storage is made of. Everything that writes a repository to a disk
 * goes through this interface, so that tests can lose what was not synced, fill the disk, or stop
 * at the n-th call. Failures are Node's own errors with their `code`.
 */
import { constants, promises as fs, readdirSync, type Stats } from 'node:fs';
import { fsPath } from '../base/raw-name.ts';

export interface FileFacts {
  readonly type: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  /** Permission bits only. */
  readonly mode: number;
  readonly modifiedAt: Date;
}

export interface OpenFile {
  /** Reads into `target` from `offsetBytes` of the file; may read less; 0 at the end. */
  read(target: Uint8Array, offsetBytes: number): Promise<number>;
  /** Writes at `offsetBytes` of the file; may write less. */
  write(bytes: Uint8Array, offsetBytes: number): Promise<number>;
  stat(): Promise<FileFacts>;
  chmod(mode: number): Promise<void>;
  /** fsync: data and size are on the disk when it resolves; the name is not (see `syncFolder`). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Paths are raw names (`base/raw-name.ts`). */
export interface FileLayer {
  openExisting(path: string): Promise<OpenFile>;
  /** Opens a new file for writing; `EEXIST` if the name is taken. */
  createFile(path: string, mode: number): Promise<OpenFile>;
  /** Follows symbolic links. */
  stat(path: string): Promise<FileFacts>;
  /** Gives a file a second name; `EEXIST` if it is taken. */
  link(from: string, to: string): Promise<void>;
  /** Replaces `to`. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** One folder, whose parent exists. */
  makeFolder(path: string, mode: number): Promise<void>;
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>;
  readFolder(path: string): Promise<string[]>;
  /** For disks of this machine: through the thread pool, 256 folders take 8 ms instead of 2. */
  readFolderNow?(path: string): string[];
  /** fsync of a folder: the names in it are on the disk when it resolves. */
  syncFolder(path: string): Promise<void>;
  setModified(path: string, at: Date): Promise<void>;
}

export const nodeFileLayer: FileLayer = {
  openExisting: async (path) => openFile(await fs.open(fsPath(path), 'r')),
  createFile: async (path, mode) => openFile(await fs.open(fsPath(path), 'wx', mode)),
  stat: async (path) => facts(await fs.stat(fsPath(path))),
  link: (from, to) => fs.link(fsPath(from), fsPath(to)),
  rename: (from, to) => fs.rename(fsPath(from), fsPath(to)),
  unlink: (path) => fs.unlink(fsPath(path)),
  makeFolder: async (path, mode) => {
    await fs.mkdir(fsPath(path), { mode });
  },
  removeFolder: (path) => fs.rmdir(fsPath(path)),
  readFolder: (path) => fs.readdir(fsPath(path)),
  readFolderNow: (path) => readdirSync(fsPath(path)),
  async syncFolder(path) {
    const folder = await fs.open(fsPath(path), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  setModified: (path, at) => fs.utimes(fsPath(path), at, at),
};

function openFile(file: fs.FileHandle): OpenFile {
  return {
    read: async (target, offsetBytes) =>
      (await file.read(target, 0, target.byteLength, offsetBytes)).bytesRead,
    write: async (bytes, offsetBytes) =>
      (await file.write(bytes, 0, bytes.byteLength, offsetBytes)).bytesWritten,
    stat: async () => facts(await file.stat()),
    chmod: (mode) => file.chmod(mode),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

function facts(stats: Stats): FileFacts {
  return {
    type: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    sizeBytes: stats.size,
    mode: stats.mode & 0o7777,
    modifiedAt: stats.mtime,
  };
}
