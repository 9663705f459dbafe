/** The members of an archive as the source of a snapshot, their contents being stored already. */
import { basename } from 'node:path';
import { compareRawNames } from '../../base/raw-name.ts';
import { modeFromStat } from '../../format/file-mode.ts';
import { timeFromNs } from '../../format/go-time.ts';
import type { Node } from '../../format/node.ts';
import type { ArchiveSource } from '../../snapshot/archive-options.ts';
import type { SourceEntry } from '../../source/source.ts';
import type { ImportedEntry } from './member-table.ts';

/** What stands at one path of the snapshot. */
export interface ImportedNode {
  readonly node: Node;
  /** To be captured; else the node has its content. */
  readonly isDatabase: boolean;
}

interface Folder {
  node: Node | undefined;
  readonly folders: Map<string, Folder>;
  readonly leaves: Map<string, ImportedNode>;
}

/** @param folderOf gives the node of a folder that is no member but leads to one */
export class ImportedSource implements ArchiveSource {
  readonly #root = newFolder();
  readonly #folderOf: (path: string) => Node;

  constructor(nodes: Iterable<[string, ImportedNode]>, folderOf: (path: string) => Node) {
    this.#folderOf = folderOf;
    for (const [path, item] of nodes) this.#add(path, item);
  }

  /** A file that is not in the archive cannot be found by asking for it alone. */
  async *entries({ only }: { only?: readonly string[] | undefined }): AsyncGenerator<SourceEntry> {
    if (only === undefined) yield* this.#walk('/', this.#root);
  }

  #add(path: string, item: ImportedNode): void {
    const names = path.split('/').filter((name) => name !== '');
    if (item.node.type === 'dir') {
      this.#folderAt(names).node = item.node;
      return;
    }
    this.#folderAt(names.slice(0, -1)).leaves.set(names.at(-1) ?? '', item);
  }

  #folderAt(names: readonly string[]): Folder {
    let folder = this.#root;
    for (const name of names) {
      const next = folder.folders.get(name) ?? newFolder();
      folder.folders.set(name, next);
      folder = next;
    }
    return folder;
  }

  *#walk(path: string, folder: Folder): Generator<SourceEntry> {
    yield { kind: 'directory-start', path };
    const names = [...folder.folders.keys(), ...folder.leaves.keys()].sort(compareRawNames);
    for (const name of names) {
      const below = path === '/' ? `/${name}` : `${path}/${name}`;
      const next = folder.folders.get(name);
      const leaf = folder.leaves.get(name);
      if (next !== undefined) yield* this.#walk(below, next);
      else if (leaf !== undefined) {
        yield { kind: 'leaf', path: below, node: leaf.node, database: leaf.isDatabase };
      }
    }
    yield { kind: 'directory-end', path, node: folder.node ?? this.#folderOf(path) };
  }
}

function newFolder(): Folder {
  return { node: undefined, folders: new Map(), leaves: new Map() };
}

const FILE_TYPES: Readonly<Record<string, number>> = {
  file: 0o100000,
  dir: 0o040000,
  symlink: 0o120000,
  dev: 0o060000,
  chardev: 0o020000,
  fifo: 0o010000,
};

/** An archive tells no inode; names of one file are told by the order of its members. */
export function nodeOf(path: string, entry: ImportedEntry): Node {
  const { member, blobs, linkCount, number } = entry;
  const { type, stMode, uid, gid, user, group, mtimeNs, extendedAttributes } = member;
  const time = timeFromNs(mtimeNs);
  const isFile = type === 'file';
  return {
    name: basename(path),
    ...modeFromStat((FILE_TYPES[type] ?? 0) | stMode),
    mtime: time,
    atime: time,
    ctime: time,
    uid,
    gid,
    ...(user !== '' && { user }),
    ...(group !== '' && { group }),
    ...(linkCount > 1 && { inode: BigInt(number), deviceId: 0n }),
    ...(isFile && { size: entry.sizeBytes ?? member.sizeBytes }),
    ...(type !== 'dir' && type !== 'fifo' && { links: linkCount }),
    ...(type === 'symlink' && { linkTarget: member.linkTarget }),
    ...(extendedAttributes.length > 0 && { extendedAttributes }),
    ...((type === 'dev' || type === 'chardev') && { device: member.device }),
    content: isFile ? (blobs ?? []) : null,
  };
}

/** Of a folder nothing is known about. */
export function plainFolder(path: string, time: Date): Node {
  const at = timeFromNs(BigInt(time.getTime()) * 1_000_000n);
  const name = path === '/' ? '/' : basename(path);
  const mode = modeFromStat(0o040755);
  return { name, ...mode, mtime: at, atime: at, ctime: at, uid: 0, gid: 0, content: null };
}
