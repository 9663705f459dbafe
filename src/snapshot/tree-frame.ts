/**
 * One folder being archived. Entries come in order while files are still being read; they wait in
 * a short queue and go into the tree's bytes as their turn comes, so that a folder of 200,000 files
 * does not hold 200,000 nodes.
 */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { compareRawNames } from '../base/raw-name.ts';
import type { Node, NodeList } from '../format/node.ts';
import type { FileTally, ItemAction } from './archive-counts.ts';
import { PackedTreeBuilder, type PackedTree } from './packed-tree.ts';
import type { TreeScratch } from './tree-scratch.ts';

/** `undefined`: the entry vanished or could not be read, and is left out. */
type PendingNode = Promise<Node | undefined>;

/** Enough that small files are read in company while the walk goes on. */
const MAX_PENDING = 1024;
/** What is under way and the entry just met: where more are out, some are gone. */
const MAX_EXPECTED = MAX_PENDING + 2;

/** A folder as an earlier tree has it. */
export interface EarlierFolder {
  readonly nodes: NodeList;
  /** The tree's id, if these are all of its nodes and no others. */
  readonly id?: string | undefined;
}

export interface EarlierTree {
  readonly id: string;
  readonly nodes: NodeList;
}

const NO_NODES: NodeList = [];

export interface TreeFrameOptions {
  /** Entries may come in any order, the later of two alike wins (for the root). */
  readonly anyOrder?: boolean | undefined;
  readonly scratch?: TreeScratch | undefined;
  /** It is known to hold the parent's entries as they are, and nothing will be added. */
  readonly isWhole?: boolean | undefined;
}

export class TreeFrame {
  readonly path: string;
  /** The parent's entries in the order of their names; what the walk meets is taken out. */
  readonly #parent: Iterator<Node>;
  /** The parent's tree, as long as this folder holds the very nodes that it begins with. */
  #same: EarlierTree | undefined;
  #sameCount = 0;
  /** The nodes that follow those in it, as far as the walk has come. */
  readonly #expected: Node[] = [];
  #nextOfParent: Node | undefined;
  readonly #tree: PackedTreeBuilder;
  readonly #pending: PendingNode[] = [];
  readonly #anyOrder: boolean;
  readonly isWhole: boolean;
  /** Of the files that were noted. */
  readonly files: FileTally = { new: 0, changed: 0, unmodified: 0, sizeBytes: 0 };
  #length = 0;

  constructor(
    path: string,
    { id, nodes }: EarlierFolder,
    { anyOrder = false, scratch, isWhole = false }: TreeFrameOptions = {},
  ) {
    this.path = path;
    this.#tree = new PackedTreeBuilder(scratch);
    this.#parent = isWhole ? NO_NODES[Symbol.iterator]() : nodes[Symbol.iterator]();
    this.#advance();
    this.#anyOrder = anyOrder;
    if (id !== undefined) this.#same = { id, nodes };
    this.isWhole = isWhole;
    if (isWhole) this.#sameCount = nodes.length;
  }

  /** Entries that were added and have had their turn. */
  get length(): number {
    return this.#length;
  }

  /** Whether it is directly in this folder. */
  holds(path: string): boolean {
    return path.lastIndexOf('/') === this.path.length && path.startsWith(this.path);
  }

  noteFile(action: ItemAction, { size = 0 }: Node): void {
    this.files[action] += 1;
    this.files.sizeBytes += size;
  }

  /** The parent's next entry, if it has this name. */
  peekParent(name: string): Node | undefined {
    return this.#nextOfParent?.name === name ? this.#nextOfParent : undefined;
  }

  /**
   * The parent's entries before `name` that the walk did not meet. Names must be asked for in
   * order; then comes `takeParent`.
   */
  *missedBefore(name: string): Generator<Node> {
    for (let next = this.#nextOfParent; next !== undefined; next = this.#nextOfParent) {
      if (compareRawNames(next.name, name) >= 0) return;
      this.#advance();
      yield next;
    }
  }

  /** The parent's next entry, if it has this name; it is taken out. */
  takeParent(name: string): Node | undefined {
    const match = this.peekParent(name);
    if (match !== undefined) this.#advance();
    return match;
  }

  /** The parent's entries after the last one the walk met. */
  *takeRest(): Generator<Node> {
    for (let next = this.#nextOfParent; next !== undefined; next = this.#nextOfParent) {
      this.#advance();
      yield next;
    }
  }

  /** Nothing to wait for where nothing is under way. */
  add(node: Node | PendingNode): Promise<void> | undefined {
    if (node instanceof Promise || this.#pending.length > 0 || this.#anyOrder) {
      return this.#addInTurn(node);
    }
    this.#put(node);
    return undefined;
  }

  /** Resolves when all that was added is known, to the parent's tree if that is what it makes. */
  async asParent(): Promise<EarlierTree | undefined> {
    if (this.#anyOrder) await this.#sortPending();
    while (this.#pending.length > 0) await this.#putFirst();
    const isWhole = this.#sameCount > 0 && this.#sameCount === this.#same?.nodes.length;
    return isWhole ? this.#same : undefined;
  }

  /** After `asParent`. */
  finish(): PackedTree {
    this.#writeSame();
    return this.#tree.finish();
  }

  /** Waits for files under way and ignores how they end: for ending after a failure. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  #advance(): void {
    if (this.#same !== undefined && this.#nextOfParent !== undefined) {
      if (this.#expected.length < MAX_EXPECTED) this.#expected.push(this.#nextOfParent);
      else this.#writeSame();
    }
    const { done, value } = this.#parent.next();
    this.#nextOfParent = done === true ? undefined : value;
  }

  async #sortPending(): Promise<void> {
    const byName = new Map<string, Node>();
    for (const node of await Promise.all(this.#pending.splice(0))) {
      if (node !== undefined) byName.set(node.name, node);
    }
    const sorted = [...byName.values()].sort((a, b) => compareRawNames(a.name, b.name));
    this.#pending.push(...sorted.map((node) => Promise.resolve(node)));
  }

  async #addInTurn(node: Node | PendingNode): Promise<void> {
    const pending = Promise.resolve(node);
    pending.catch(() => {}); // thrown when its turn comes
    this.#pending.push(pending);
    while (!this.#anyOrder && this.#pending.length > MAX_PENDING) await this.#putFirst();
  }

  async #putFirst(): Promise<void> {
    const first = this.#pending.shift();
    assertInternal(first, 'an empty tree frame was drained');
    const node = await first;
    if (node !== undefined) this.#put(node);
  }

  #put(node: Node): void {
    this.#length += 1;
    if (this.#same !== undefined && this.#expected[0] === node) {
      this.#expected.shift();
      this.#sameCount += 1;
      return;
    }
    this.#writeSame();
    this.#tree.add(node);
  }

  #writeSame(): void {
    let left = this.#sameCount;
    for (const node of this.#same?.nodes ?? []) {
      if (left === 0) break;
      this.#tree.add(node);
      left -= 1;
    }
    this.#same = undefined;
    this.#expected.length = 0;
  }
}
