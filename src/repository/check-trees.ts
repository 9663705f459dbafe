/** Walks every snapshot's trees and says which files and folders cannot be restored whole. */
import type { CallOptions } from '../backend/backend.ts';
import { describeCause, isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import { isFileDamage } from './blob-loader.ts';
import type { CheckProblem } from './check-problem.ts';
import type { Repository, StoredSnapshot } from './repository.ts';

/** Paths named for each hurt snapshot. */
const MAX_PATHS = 3;

interface TreeVerdict {
  /** Relative to the tree, at most `MAX_PATHS`. */
  readonly paths: readonly string[];
  readonly count: number;
}

const SOUND: TreeVerdict = { paths: [], count: 0 };
/** The entry itself. */
const HURT: TreeVerdict = { paths: [''], count: 1 };

export class TreeCheck {
  readonly #repository: Repository;
  readonly #lost: ReadonlySet<string>;
  readonly #verdicts = new Map<string, TreeVerdict>();
  readonly #options: CallOptions;
  readonly #problems: CheckProblem[] = [];

  /** @param lost blobs, as `type:id`, that no pack holds intact */
  constructor(repository: Repository, lost: ReadonlySet<string>, options: CallOptions) {
    this.#repository = repository;
    this.#lost = lost;
    this.#options = options;
  }

  get treeCount(): number {
    return this.#verdicts.size;
  }

  /** Problems of trees not met before, then one for the snapshot. Returns whether it is whole. */
  async *checkSnapshot({ id, snapshot }: StoredSnapshot): AsyncGenerator<CheckProblem, boolean> {
    const { paths, count } = await this.#checkTree(snapshot.tree, '/');
    yield* this.#problems.splice(0);
    if (count === 0) return true;
    const { time } = snapshot;
    const hurt = paths.map((path) => (path === '' ? '/' : path));
    yield { kind: 'snapshot-hurt', snapshot: id, time, paths: hurt, pathCount: count };
    return false;
  }

  async #checkTree(tree: string, path: string): Promise<TreeVerdict> {
    const known = this.#verdicts.get(tree);
    if (known !== undefined) return known;
    // Guards against a cycle, which only a forged tree could hold.
    this.#verdicts.set(tree, SOUND);
    const verdict = await this.#readTree(tree, path);
    this.#verdicts.set(tree, verdict);
    return verdict;
  }

  async #readTree(tree: string, path: string): Promise<TreeVerdict> {
    this.#options.signal?.throwIfAborted();
    try {
      if (this.#lost.has(`tree:${tree}`)) throw new Error('its pack is missing or damaged');
      const nodes = await this.#repository.loadTree(tree, this.#options);
      return await this.#checkNodes(nodes, path);
    } catch (error) {
      if (isStorageError(error) || this.#options.signal?.aborted === true) throw error;
      this.#problems.push({ kind: 'tree-damaged', tree, path, why: describeCause(error) });
      return HURT;
    }
  }

  async #checkNodes(nodes: Iterable<Node>, path: string): Promise<TreeVerdict> {
    const paths: string[] = [];
    let count = 0;
    for (const node of nodes) {
      const at = path === '/' ? `/${node.name}` : `${path}/${node.name}`;
      const verdict =
        node.subtree === undefined
          ? this.#checkFile(node, at)
          : await this.#checkTree(node.subtree, at);
      count += verdict.count;
      for (const below of verdict.paths) {
        if (paths.length < MAX_PATHS) paths.push(`/${node.name}${below}`);
      }
    }
    return count === 0 ? SOUND : { paths, count };
  }

  #checkFile(node: Node, path: string): TreeVerdict {
    if (node.type === 'dir') {
      this.#problems.push({
        kind: 'tree-damaged',
        tree: '',
        path,
        why: 'the folder names no tree',
      });
      return HURT;
    }
    return node.type === 'file' ? this.#checkContent(node, path) : SOUND;
  }

  #checkContent({ content, size = 0 }: Node, path: string): TreeVerdict {
    if (content === null) {
      this.#problems.push({ kind: 'content-unlisted', path });
      return HURT;
    }
    const blobs: string[] = [];
    let actualBytes = 0;
    for (const id of content) {
      const lost = this.#lost.has(`data:${id}`);
      const sizeBytes = lost ? undefined : this.#repository.blobSizeBytes('data', id);
      if (sizeBytes === undefined) blobs.push(id);
      else actualBytes += sizeBytes;
    }
    if (blobs.length > 0) {
      this.#problems.push({ kind: 'content-missing', path, blobs });
      return HURT;
    }
    if (actualBytes !== size) {
      this.#problems.push({ kind: 'size-mismatch', path, expectedBytes: size, actualBytes });
    }
    return SOUND;
  }
}

function isStorageError(error: unknown): boolean {
  return isKeepsakeError(error) && error.code.startsWith('BACKEND_') && !isFileDamage(error);
}
