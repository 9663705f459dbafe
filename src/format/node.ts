/**
 * A node: one entry of a tree (file, directory, link …) with its metadata.
 * Source: restic internal/data/node.go @ a80be14.
 */

export type NodeType =
  'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo' | 'socket' | 'irregular';

export interface ExtendedAttribute {
  readonly name: string;
  readonly value: Uint8Array;
}

export interface Node {
  /** Raw name (`base/raw-name.ts`). */
  readonly name: string;
  readonly type: NodeType;
  /** Go's `os.FileMode`, not `st_mode`: see `file-mode.ts`. */
  readonly mode: number;
  /** RFC 3339 with nanoseconds, kept as text so that what restic wrote is written again alike. */
  readonly mtime: string;
  readonly atime: string;
  readonly ctime: string;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string;
  readonly group?: string;
  readonly inode?: bigint;
  /** `st_dev`; with `inode` it names the file of a hard link. */
  readonly deviceId?: bigint;
  readonly size?: number;
  readonly links?: number;
  /** Raw name. */
  readonly linkTarget?: string;
  readonly extendedAttributes?: readonly ExtendedAttribute[];
  /** Other systems' attributes, each value as its JSON text. */
  readonly genericAttributes?: ReadonlyMap<string, string>;
  /** `st_rdev`, of `dev` and `chardev`. */
  readonly device?: bigint;
  /** Data blob ids (hex) in order; `null` where restic writes null (everything but files). */
  readonly content: readonly string[] | null;
  /** Tree blob id (hex), of `dir`. */
  readonly subtree?: string;
  readonly error?: string;
  /** Fields this version does not know, as JSON text in their order: `"key":value`. */
  readonly unknownFields?: readonly string[];
}

/** The nodes of a tree, in the order of their names: an array, or what holds less. */
export interface NodeList extends Iterable<Node> {
  readonly length: number;
  /** Where that takes less than the nodes. */
  names?(): Iterable<string>;
}

export function* namesOf(nodes: NodeList): Generator<string> {
  if (nodes.names !== undefined) yield* nodes.names();
  else for (const { name } of nodes) yield name;
}
