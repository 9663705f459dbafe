/**
 * One folder being archived. Entries come in order while files are still being read; they wait in
 * a short queue and go into the tree's bytes as their turn comes, so that a folder of 200,000 files
 * does not hold 200,000 nodes.
 */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { compareRawNames } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import { PackedTreeBuilder, type PackedTree } from './packed-tree.ts';

/** `undefined`: the entry vanished or could not be read, and is left out. */
type PendingNode = Promise<Node | undefined>;

/** Enough that small files are read in company while the walk goes on. */
const MAX_PENDING = 1024;

export class TreeFrame {
  readonly path: string;
  /** The parent's entries in the order of their names; what the walk meets is taken out. */
  readonly #parent: Iterator<Node>;
  #nextOfParent: Node | undefined;
  readonly #tree = new PackedTreeBuilder();
  readonly #pending: PendingNode[] = [];
  readonly #anyOrder: boolean;

  /** @param anyOrder entries may come in any order, the later of two alike wins (for the root) */
  constructor(path: string, parent: Iterable<Node>, anyOrder = false) {
    this.path = path;
    this.#parent = parent[Symbol.iterator]();
    this.#advance();
    this.#anyOrder = anyOrder;
  }

  /**
   * The parent's entry called `name`, and those before it that the walk did not meet. Names must be
   * asked for in order.
   */
  takeParent(name: string): { missed: Node[]; match: Node | undefined } {
    const missed: Node[] = [];
    for (;;) {
      const next = this.#nextOfParent;
      if (next === undefined) return { missed, match: undefined };
      const order = compareRawNames(next.name, name);
      if (order > 0) return { missed, match: undefined };
      this.#advance();
      if (order === 0) return { missed, match: next };
      missed.push(next);
    }
  }

  /** The parent's entries after the last one the walk met. */
  *takeRest(): Generator<Node> {
    for (let next = this.#nextOfParent; next !== undefined; next = this.#nextOfParent) {
      this.#advance();
      yield next;
    }
  }

  async add(node: Node | PendingNode): Promise<void> {
    const pending = Promise.resolve(node);
    pending.catch(() => {}); // thrown when its turn comes
    this.#pending.push(pending);
    while (!this.#anyOrder && this.#pending.length > MAX_PENDING) await this.#encodeFirst();
  }

  async finish(): Promise<PackedTree> {
    if (this.#anyOrder) await this.#sortPending();
    while (this.#pending.length > 0) await this.#encodeFirst();
    return this.#tree.finish();
  }

  /** Waits for files under way and ignores how they end: for ending after a failure. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  #advance(): void {
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

  async #encodeFirst(): Promise<void> {
    const first = this.#pending.shift();
    assertInternal(first, 'an empty tree frame was drained');
    const node = await first;
    if (node !== undefined) this.#tree.add(node);
  }
}
