/**
 * A tree without what is lost, in restic's manner: lost pieces leave their file, and a folder whose
 * list is lost becomes an empty one. A file whose pieces have another size than it says gets theirs.
 * All else that is whole stays byte for byte.
 * Source: restic cmd/restic/cmd_repair_snapshots.go @ a80be14.
 */
import { joinPath } from '../base/raw-path.ts';
import { createHash } from 'node:crypto';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node, NodeList } from '../format/node.ts';
import { TreeEncoder } from '../format/tree.ts';
import { rethrowIfGeneral, type BlobReader } from './blob-reader.ts';
import { PackedTreeBuilder, type PackedTree } from './packed-tree.ts';

export type Loss =
  | {
      readonly kind: 'file';
      /** In the snapshot. */
      readonly path: string;
      /** 0: which pieces it had is not said. */
      readonly lostPieces: number;
      readonly sizeBytes: number;
      readonly keptBytes: number;
    }
  | { readonly kind: 'folder'; readonly path: string; readonly why: string };

/** A file whose pieces are all there, and that got the size they have. Nothing was lost. */
export interface SizeCorrection {
  readonly kind: 'size';
  readonly path: string;
  readonly sizeBytes: number;
  readonly contentBytes: number;
}

export type Repair = Loss | SizeCorrection;

export interface RepairedTree {
  /** The same as before if nothing was to be repaired. */
  readonly id: string;
  /** Their paths begin at this tree. */
  readonly repairs: readonly Repair[];
}

interface RepairedNode {
  readonly node: Node;
  readonly repairs: readonly Repair[];
}

export interface TreeRepairOptions {
  readonly reader: Required<Pick<BlobReader, 'loadTree' | 'blobSizeBytes'>>;
  readonly save: (tree: PackedTree) => Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

export class TreeRepair {
  readonly #options: TreeRepairOptions;
  readonly #done = new Map<string, RepairedTree>();
  /** What was looked for in vain, as `type:id`. */
  readonly missing = new Set<string>();

  constructor(options: TreeRepairOptions) {
    this.#options = options;
  }

  /**
   * Undefined when the tree itself is lost. Throws `REPAIR_TREE_UNSUPPORTED` where a tree would
   * have to be changed that cannot be written anew without losing something.
   *
   * @param path where the tree hangs, for messages
   */
  async repair(tree: string, path = '/'): Promise<RepairedTree | undefined> {
    const known = this.#done.get(tree);
    if (known !== undefined) return known;
    const nodes = await this.#load(tree, path);
    if (nodes === undefined) return undefined;
    const repaired = await this.#repairNodes({ tree, path, nodes });
    this.#done.set(tree, repaired);
    return repaired;
  }

  /** Only what cannot be had is lost: what cannot be understood is there and must stay. */
  async #load(tree: string, path: string): Promise<NodeList | undefined> {
    const { reader, signal } = this.#options;
    signal?.throwIfAborted();
    try {
      return await reader.loadTree(tree, { signal });
    } catch (error) {
      rethrowIfGeneral(error, signal);
      if (isNotUnderstood(error)) throw unsupported({ tree, path }, error.message);
      this.missing.add(`tree:${tree}`);
      return undefined;
    }
  }

  async #repairNodes(at: { tree: string; path: string; nodes: NodeList }): Promise<RepairedTree> {
    const { tree, path, nodes } = at;
    const repairs: Repair[] = [];
    const before = new TreeDigest();
    const after = new PackedTreeBuilder();
    let changed = false;
    for (const node of nodes) {
      const { node: kept, repairs: found } = await this.#repairNode(node, path);
      before.add(node);
      after.add(kept);
      repairs.push(...found);
      changed ||= kept !== node;
    }
    if (!changed) return { id: tree, repairs };
    if (before.finish() !== tree) {
      throw unsupported(at, 'it holds fields or an order unknown here');
    }
    const repaired = after.finish();
    await this.#options.save(repaired);
    return { id: repaired.id, repairs };
  }

  async #repairNode(node: Node, parent: string): Promise<RepairedNode> {
    const path = `/${node.name}`;
    if (node.type === 'dir') {
      const { subtree, repairs } = await this.#repairFolder(node, joinPath(parent, node.name));
      const below = repairs.map((repair) => ({ ...repair, path: path + repair.path }));
      return { node: subtree === node.subtree ? node : { ...node, subtree }, repairs: below };
    }
    if (node.type !== 'file') return { node, repairs: [] };
    return this.#repairFile(node, path);
  }

  async #repairFolder(
    { subtree }: Node,
    path: string,
  ): Promise<{ subtree: string; repairs: readonly Repair[] }> {
    const repaired = subtree === undefined ? undefined : await this.repair(subtree, path);
    if (repaired !== undefined) return { subtree: repaired.id, repairs: repaired.repairs };
    const empty = new PackedTreeBuilder().finish();
    await this.#options.save(empty);
    const why = subtree === undefined ? 'it named no list' : 'its list is lost';
    return { subtree: empty.id, repairs: [{ kind: 'folder', path: '', why }] };
  }

  #repairFile(node: Node, path: string): RepairedNode {
    const pieces = node.content ?? [];
    const content: string[] = [];
    let keptBytes = 0;
    for (const id of pieces) {
      const pieceBytes = this.#sizeOf(id);
      if (pieceBytes === undefined) continue;
      content.push(id);
      keptBytes += pieceBytes;
    }
    const sizeBytes = node.size ?? 0;
    const lostPieces = pieces.length - content.length;
    const isWhole = node.content !== null && lostPieces === 0;
    if (isWhole && keptBytes === sizeBytes) return { node, repairs: [] };
    const repair: Repair = isWhole
      ? { kind: 'size', path, sizeBytes, contentBytes: keptBytes }
      : { kind: 'file', path, lostPieces, sizeBytes, keptBytes };
    return { node: { ...node, content, size: keptBytes }, repairs: [repair] };
  }

  #sizeOf(id: string): number | undefined {
    const known = this.#options.reader.blobSizeBytes('data', id);
    if (known === undefined) this.missing.add(`data:${id}`);
    return known;
  }
}

/** The id that these nodes have when they are written anew. */
class TreeDigest {
  readonly #hash = createHash('sha256');
  readonly #encoder = new TreeEncoder((bytes) => this.#hash.update(bytes));

  add(node: Node): void {
    this.#encoder.add(node);
  }

  finish(): string {
    this.#encoder.finish();
    return this.#hash.digest('hex');
  }
}

/** Of what decoding a tree throws. */
function isNotUnderstood(error: unknown): error is KeepsakeError {
  return error instanceof KeepsakeError && error.code.startsWith('TREE_');
}

function unsupported({ tree, path }: { tree: string; path: string }, why: string): KeepsakeError {
  return new KeepsakeError('REPAIR_TREE_UNSUPPORTED', { path, treeId: tree, why });
}
