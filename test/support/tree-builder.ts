/** Nodes as a backup would make them, for trees written by hand. */
import { modeFromStat } from '../../src/format/file-mode.ts';
import type { Node } from '../../src/format/node.ts';
import { compareRawNames } from '../../src/base/raw-name.ts';
import type { MemoryBlobStore } from './memory-blob-store.ts';

const { getuid = () => 0, getgid = () => 0 } = process;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const S_IFIFO = 0o010000;

export type NodeFields = Partial<Omit<Node, 'mode'>> & {
  /** Permission bits as `chmod` takes them. */
  permissions?: number;
};

export function makeNode(name: string, typeBits: number, fields: NodeFields = {}): Node {
  const { permissions = 0o644, ...rest } = fields;
  const time = '2024-05-06T07:08:09.123456789Z';
  return {
    name,
    ...modeFromStat(typeBits | permissions),
    mtime: time,
    atime: time,
    ctime: time,
    uid: getuid(),
    gid: getgid(),
    content: null,
    ...rest,
  };
}

/** A file whose content is these chunks. */
export function fileNode(
  store: MemoryBlobStore,
  name: string,
  chunks: readonly (string | Uint8Array)[],
  fields: NodeFields = {},
): Node {
  const bytes = chunks.map((chunk) => Buffer.from(chunk as Uint8Array));
  const content = bytes.map((chunk) => store.saveBlob('data', chunk));
  const size = bytes.reduce((total, chunk) => total + chunk.length, 0);
  return makeNode(name, S_IFREG, { links: 1, content, size, ...fields });
}

export function folderNode(
  store: MemoryBlobStore,
  name: string,
  children: readonly Node[],
  fields: NodeFields = {},
): Node {
  const subtree = treeOf(store, children);
  return makeNode(name, S_IFDIR, { permissions: 0o755, subtree, ...fields });
}

export function treeOf(store: MemoryBlobStore, children: readonly Node[]): string {
  return store.saveTree(children.toSorted((a, b) => compareRawNames(a.name, b.name)));
}

export function linkNode(name: string, linkTarget: string, fields: NodeFields = {}): Node {
  return makeNode(name, S_IFLNK, { permissions: 0o777, links: 1, linkTarget, ...fields });
}

export function fifoNode(name: string, fields: NodeFields = {}): Node {
  return makeNode(name, S_IFIFO, fields);
}
