import { joinPath } from '../base/raw-path.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeTree } from '../format/tree.ts';
import type { Node, NodeList } from '../format/node.ts';
import { rethrowIfGeneral, type BlobReader, type ReadOptions } from './blob-reader.ts';

/** Far beyond what any `PATH_MAX` allows: a tree this deep is hostile. */
const MAX_DEPTH = 4096;

export type TreeStep =
  /** A folder before (`enter`) and after (`leave`) what is in it. */
  | { readonly phase: 'enter' | 'leave'; readonly path: string; readonly node: Node }
  /** Everything else. */
  | { readonly phase: 'leaf'; readonly path: string; readonly node: Node }
  /** A folder whose tree cannot be read: between its `enter` and its `leave`. */
  | { readonly phase: 'problem'; readonly path: string; readonly error: KeepsakeError };

export interface WalkTreeOptions extends ReadOptions {
  /** Where the tree hangs, for paths and messages. Default `/`. */
  path?: string;
  /** What a missing or damaged tree does: `throw` (default), or become a step. */
  damage?: 'throw' | 'step';
  /** Whether to look into a folder. Default: always. */
  descend?: (path: string, node: Node) => boolean;
}

interface Frame {
  readonly path: string;
  readonly treeId: string;
  /** The folder itself; absent for the root of the walk. */
  readonly folder: Node | undefined;
  readonly nodes: Iterator<Node>;
}

/**
 * Depth first, names ordered by their bytes. No name leads out of its folder or comes twice in it:
 * `decodeTree` refuses such a tree.
 */
export async function* walkTree(
  reader: BlobReader,
  treeId: string,
  options: WalkTreeOptions = {},
): AsyncGenerator<TreeStep> {
  const stack: Frame[] = [];
  try {
    yield* enter(reader, stack, { path: options.path ?? '/', treeId, options });
    yield* walkFrames(reader, stack, options);
  } finally {
    for (const { nodes } of stack) nodes.return?.(); // who left early holds nothing open
  }
}

async function* walkFrames(
  reader: BlobReader,
  stack: Frame[],
  options: WalkTreeOptions,
): AsyncGenerator<TreeStep> {
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    options.signal?.throwIfAborted();
    const { done, value: node } = frame.nodes.next();
    if (done === true) {
      stack.pop();
      if (frame.folder !== undefined) {
        yield { phase: 'leave', path: frame.path, node: frame.folder };
      }
      continue;
    }
    const path = joinPath(frame.path, node.name);
    if (node.type !== 'dir') yield { phase: 'leaf', path, node };
    else yield* visitFolder(reader, stack, { path, node, options });
  }
}

async function* visitFolder(
  reader: BlobReader,
  stack: Frame[],
  { path, node, options }: { path: string; node: Node; options: WalkTreeOptions },
): AsyncGenerator<TreeStep> {
  yield { phase: 'enter', path, node };
  const depth = stack.length;
  if (options.descend === undefined || options.descend(path, node)) {
    yield* enter(reader, stack, { path, treeId: node.subtree ?? '', folder: node, options });
  }
  if (stack.length === depth) yield { phase: 'leave', path, node };
}

async function* enter(
  reader: BlobReader,
  stack: Frame[],
  at: { path: string; treeId: string; folder?: Node; options: WalkTreeOptions },
): AsyncGenerator<TreeStep> {
  const { path, treeId, folder, options } = at;
  try {
    assertSane(stack, path, treeId);
    const nodes = await loadTree(reader, { path, treeId }, options);
    stack.push({ path, treeId, folder, nodes: nodes[Symbol.iterator]() });
  } catch (error) {
    if (options.damage !== 'step' || !isKeepsakeError(error, 'SNAPSHOT_TREE_DAMAGED')) throw error;
    yield { phase: 'problem', path, error };
  }
}

function assertSane(stack: readonly Frame[], path: string, treeId: string): void {
  if (treeId === '') throw damaged(path, treeId, 'the folder names no tree');
  if (stack.length >= MAX_DEPTH) throw damaged(path, treeId, `more than ${MAX_DEPTH} folders deep`);
  if (stack.some((frame) => frame.treeId === treeId)) {
    throw damaged(path, treeId, 'the folder contains itself');
  }
}

/** The nodes of one tree. Throws `SNAPSHOT_TREE_DAMAGED`, with the folder named. */
export async function loadTree(
  reader: BlobReader,
  { path, treeId }: { path: string; treeId: string },
  { signal }: ReadOptions = {},
): Promise<NodeList> {
  try {
    if (reader.loadTree !== undefined) return await reader.loadTree(treeId, { signal });
    return decodeTree(await reader.loadBlob('tree', treeId, { signal }));
  } catch (cause) {
    rethrowIfGeneral(cause, signal);
    throw damaged(path, treeId, describeCause(cause), cause);
  }
}

function damaged(path: string, treeId: string, why: string, cause?: unknown): KeepsakeError {
  return new KeepsakeError('SNAPSHOT_TREE_DAMAGED', { path, treeId, why }, { cause });
}
