/**
 * A tree without what is lost, in restic's manner: lost pieces leave their file, and a folder whose
 * list is lost becomes an empty one. A file whose pieces have another size than it says gets theirs.
 * All else that is whole stays byte for byte.
 * Source: restic cmd/restic/cmd_repair_snapshots.go @ a80be14.
 */
import { equalBytes } from '../base/bytes.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { blobId } from '../format/blob.ts';
import type { Node } from '../format/node.ts';
import { decodeTree, encodeTree } from '../format/tree.ts';
import { rethrowIfGeneral, type BlobReader, type BlobType } from './blob-reader.ts';
import { joinTreePath } from './tree-walk.ts';

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
  readonly reader: BlobReader & {
    blobSizeBytes(type: BlobType, id: string): number | undefined;
  };
  readonly save: (id: string, bytes: Uint8Array) => Promise<unknown>;
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
    const loaded = await this.#load(tree);
    if ('why' in loaded) return undefined;
    const repaired = await this.#repairNodes({ tree, path, ...loaded });
    this.#done.set(tree, repaired);
    return repaired;
  }

  /** Only what cannot be had is lost: what cannot be understood is there and must stay. */
  async #load(tree: string): Promise<{ bytes: Uint8Array } | { why: string }> {
    const { reader, signal } = this.#options;
    signal?.throwIfAborted();
    try {
      return { bytes: await reader.loadBlob('tree', tree, { signal }) };
    } catch (error) {
      rethrowIfGeneral(error, signal);
      this.missing.add(`tree:${tree}`);
      return { why: describeCause(error) };
    }
  }

  async #repairNodes(at: { tree: string; path: string; bytes: Uint8Array }): Promise<RepairedTree> {
    const { tree, path, bytes } = at;
    const before = decodeOrRefuse(at);
    const repairs: Repair[] = [];
    const after: Node[] = [];
    let changed = false;
    for (const node of before) {
      const { node: kept, repairs: found } = await this.#repairNode(node, path);
      after.push(kept);
      repairs.push(...found);
      changed ||= kept !== node;
    }
    if (!changed) return { id: tree, repairs };
    if (!equalBytes(encodeTree(before), bytes)) {
      throw unsupported(at, 'it holds fields or an order unknown here');
    }
    const repaired = encodeTree(after);
    const id = blobId(repaired);
    await this.#options.save(id, repaired);
    return { id, repairs };
  }

  async #repairNode(node: Node, parent: string): Promise<RepairedNode> {
    const path = `/${node.name}`;
    if (node.type === 'dir') {
      const { subtree, repairs } = await this.#repairFolder(node, joinTreePath(parent, node.name));
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
    const empty = encodeTree([]);
    await this.#options.save(blobId(empty), empty);
    const why = subtree === undefined ? 'it named no list' : 'its list is lost';
    return { subtree: blobId(empty), repairs: [{ kind: 'folder', path: '', why }] };
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

function decodeOrRefuse(at: { tree: string; path: string; bytes: Uint8Array }): readonly Node[] {
  try {
    return decodeTree(at.bytes);
  } catch (error) {
    if (!(error instanceof KeepsakeError)) throw error;
    throw unsupported(at, error.message);
  }
}

function unsupported({ tree, path }: { tree: string; path: string }, why: string): KeepsakeError {
  return new KeepsakeError('REPAIR_TREE_UNSUPPORTED', { path, treeId: tree, why });
}
