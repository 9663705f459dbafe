/**
 * What the first pass stored and the second did not find again. It stays in the snapshot: the
 * captured rows may name it (design §3.2).
 */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import type { ArchiveProblem } from './archive-options.ts';
import type { DatabaseCaptures } from './archive-captures.ts';
import { PackedTreeBuilder } from './packed-tree.ts';
import type { TreeScratch } from './tree-scratch.ts';
import type { DraftTrees, TreeSink } from './tree-store.ts';

export interface KeptDraftOptions {
  readonly draft: DraftTrees;
  readonly trees: TreeSink;
  readonly scratch: TreeScratch;
  readonly captures: DatabaseCaptures;
  /** Of the first pass: files that never rested, and paths that vanished, while they were read. */
  readonly unsettled: ReadonlyMap<string, ArchiveProblem>;
  readonly onProblem: (problem: ArchiveProblem) => void;
  /** Told of what stands below a folder that is kept. */
  readonly onItem: (path: string, node: Node) => void;
}

/** By path, those that stand unless a second pass finds the path again. */
export function unsettledAmong(problems: readonly ArchiveProblem[]): Map<string, ArchiveProblem> {
  const codes: readonly string[] = ['SOURCE_CHANGING', 'SOURCE_PATH_VANISHED'];
  const standing = problems.filter(
    ({ error }) => isKeepsakeError(error) && codes.includes(error.code),
  );
  return new Map(standing.map((problem) => [problem.path, problem]));
}

export class KeptDraft {
  readonly #options: KeptDraftOptions;

  constructor(options: KeptDraftOptions) {
    this.#options = options;
  }

  /** The entry as it goes into the snapshot, what lies below it saved; `undefined` drops it. */
  async keep(node: Node, path: string): Promise<Node | undefined> {
    const { captures, unsettled, onProblem } = this.#options;
    if (captures.isDiscovered(path)) return captures.placeVanished(path, node);
    if (captures.isSidecarOfCaptured(path)) return undefined;
    const problem = unsettled.get(path);
    if (problem !== undefined) onProblem(problem);
    if (node.subtree === undefined) return node;
    return { ...node, subtree: await this.#keepTree(node.subtree, path) };
  }

  async #keepTree(id: string, path: string): Promise<string> {
    const { draft, trees, scratch, onItem } = this.#options;
    const tree = new PackedTreeBuilder(scratch);
    for (const node of draft.nodes(id)) {
      const pathBelow = `${path}/${node.name}`;
      const kept = await this.keep(node, pathBelow);
      if (kept === undefined) continue;
      tree.add(kept);
      onItem(pathBelow, kept);
    }
    return trees.saveTree(tree.finish());
  }
}

/** Of files as the pass met them, as opposed to what was found out about databases. */
export function isOfFirstPass({ kind, error }: ArchiveProblem): boolean {
  return kind === 'file' && isKeepsakeError(error) && error.code.startsWith('SOURCE_');
}
