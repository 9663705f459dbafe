/**
 * A disk in memory that loses, at `crash()`, everything that was not synced: bytes written since a
 * file's last `sync`, and names made, moved or removed in a folder since its last `syncFolder`.
 * Stricter than any real file system, which may keep some of it.
 */
import type { FileFacts, FileLayer, OpenFile } from '../../src/backend/file-layer.ts';

interface FileNode {
  readonly type: 'file';
  bytes: Uint8Array;
  syncedBytes: Uint8Array;
  mode: number;
  modifiedAt: Date;
}

interface FolderNode {
  readonly type: 'folder';
  names: Map<string, DiskNode>;
  syncedNames: Map<string, DiskNode>;
  mode: number;
  modifiedAt: Date;
}

type DiskNode = FileNode | FolderNode;

const START = new Date('2026-01-01T00:00:00Z');

export class DurableFileLayer implements FileLayer {
  readonly #root = folderNode(0o755);

  /**
   * What stands after the power failed. `lose-names`: folders are as of their last sync.
   * `keep-names`: every name is kept, as a journal that happened to be written would, but bytes that
   * were not synced are lost all the same.
   */
  crash(names: 'lose-names' | 'keep-names'): void {
    settle(this.#root, names);
  }

  /** The same disk once more, independent of this one. */
  clone(): DurableFileLayer {
    const copy = new DurableFileLayer();
    const copies = new Map<DiskNode, DiskNode>();
    const { names, syncedNames } = copyNode(this.#root, copies) as FolderNode;
    copy.#root.names = names;
    copy.#root.syncedNames = syncedNames;
    return copy;
  }

  async openExisting(path: string): Promise<OpenFile> {
    return openNode(this.#find(path), path);
  }

  async createFile(path: string, mode: number): Promise<OpenFile> {
    const file: FileNode = {
      type: 'file',
      bytes: new Uint8Array(),
      syncedBytes: new Uint8Array(),
      mode,
      modifiedAt: START,
    };
    this.#add(path, file);
    return openNode(file, path);
  }

  async stat(path: string): Promise<FileFacts> {
    return factsOf(this.#find(path));
  }

  async link(from: string, to: string): Promise<void> {
    const node = this.#find(from);
    if (node.type === 'folder') throw systemError('EPERM', to);
    this.#add(to, node);
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.#find(from);
    this.#parent(to).names.set(lastPart(to), node);
    this.#parent(from).names.delete(lastPart(from));
  }

  async unlink(path: string): Promise<void> {
    if (this.#find(path).type === 'folder') throw systemError('EISDIR', path);
    this.#parent(path).names.delete(lastPart(path));
  }

  async makeFolder(path: string, mode: number): Promise<void> {
    this.#add(path, folderNode(mode));
  }

  async removeFolder(path: string): Promise<void> {
    const node = this.#find(path);
    if (node.type !== 'folder') throw systemError('ENOTDIR', path);
    if (node.names.size > 0) throw systemError('ENOTEMPTY', path);
    this.#parent(path).names.delete(lastPart(path));
  }

  async readFolder(path: string): Promise<string[]> {
    return [...this.#folder(path).names.keys()];
  }

  async syncFolder(path: string): Promise<void> {
    const folder = this.#folder(path);
    folder.syncedNames = new Map(folder.names);
  }

  async setModified(path: string, at: Date): Promise<void> {
    this.#find(path).modifiedAt = at;
  }

  #add(path: string, node: DiskNode): void {
    const { names } = this.#parent(path);
    if (names.has(lastPart(path))) throw systemError('EEXIST', path);
    names.set(lastPart(path), node);
  }

  #parent(path: string): FolderNode {
    return this.#folder(path.slice(0, path.lastIndexOf('/')));
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path);
    if (node.type !== 'folder') throw systemError('ENOTDIR', path);
    return node;
  }

  #find(path: string): DiskNode {
    let node: DiskNode = this.#root;
    for (const part of path.split('/').filter((part) => part !== '')) {
      if (node.type !== 'folder') throw systemError('ENOTDIR', path);
      const next = node.names.get(part);
      if (next === undefined) throw systemError('ENOENT', path);
      node = next;
    }
    return node;
  }
}

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: '${path}'`), { code });
}

function openNode(node: DiskNode, path: string): OpenFile {
  const file = (): FileNode => {
    if (node.type === 'folder') throw systemError('EISDIR', path);
    return node;
  };
  return {
    async read(target, offsetBytes) {
      const part = file().bytes.subarray(offsetBytes, offsetBytes + target.byteLength);
      target.set(part);
      return part.byteLength;
    },
    async write(bytes, offsetBytes) {
      const before = file().bytes;
      const after = new Uint8Array(Math.max(before.byteLength, offsetBytes + bytes.byteLength));
      after.set(before);
      after.set(bytes, offsetBytes);
      file().bytes = after;
      return bytes.byteLength;
    },
    stat: async () => factsOf(node),
    async chmod(mode) {
      node.mode = mode;
    },
    async sync() {
      file().syncedBytes = file().bytes;
    },
    async close() {},
  };
}

function settle(node: DiskNode, names: 'lose-names' | 'keep-names'): void {
  if (node.type === 'file') {
    node.bytes = node.syncedBytes;
    return;
  }
  if (names === 'lose-names') node.names = new Map(node.syncedNames);
  else node.syncedNames = new Map(node.names);
  for (const child of node.names.values()) settle(child, names);
}

/** A file with two names stays one file. Bytes are never changed in place. */
function copyNode(node: DiskNode, copies: Map<DiskNode, DiskNode>): DiskNode {
  const known = copies.get(node);
  if (known !== undefined) return known;
  const copy = { ...node };
  copies.set(node, copy);
  if (copy.type === 'folder') {
    copy.names = copyNames(copy.names, copies);
    copy.syncedNames = copyNames(copy.syncedNames, copies);
  }
  return copy;
}

function copyNames(
  names: ReadonlyMap<string, DiskNode>,
  copies: Map<DiskNode, DiskNode>,
): Map<string, DiskNode> {
  return new Map([...names].map(([name, node]) => [name, copyNode(node, copies)]));
}

function folderNode(mode: number): FolderNode {
  return { type: 'folder', names: new Map(), syncedNames: new Map(), mode, modifiedAt: START };
}

function factsOf(node: DiskNode): FileFacts {
  const { type, mode, modifiedAt } = node;
  return { type, mode, modifiedAt, sizeBytes: node.type === 'file' ? node.bytes.byteLength : 0 };
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
