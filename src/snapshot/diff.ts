import { joinPath } from '../base/raw-path.ts';
import { isKeepsakeError, type KeepsakeError } from '../base/errors/keepsake-error.ts';
import { compareRawNames } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import type { BlobReader, ReadOptions } from './blob-reader.ts';
import { BlobSet } from './blob-set.ts';
import { sameExceptContent, sameNode, sameContent } from './same-node.ts';
import { loadTree, walkTree } from './tree-walk.ts';

export interface DiffOptions extends ReadOptions {
  /** Also tells of entries of which only the metadata differs (`U`). */
  metadata?: boolean;
}

/** Names and meaning as in restic's `diff --json`. */
export interface DiffTotals {
  files: number;
  dirs: number;
  others: number;
  data_blobs: number;
  tree_blobs: number;
  bytes: number;
}

export type DiffEvent =
  | {
      readonly kind: 'change';
      /** A folder's ends with `/`. */
      readonly path: string;
      /**
       * `+` added, `-` removed, `T` another type, `M` other content, `M?` other content though all
       * metadata is the same (bit rot?), `U` other metadata. More than one may apply: `TU`.
       */
      readonly modifier: string;
    }
  | { readonly kind: 'problem'; readonly path: string; readonly error: KeepsakeError }
  | {
      readonly kind: 'statistics';
      readonly changedFiles: number;
      readonly added: DiffTotals;
      readonly removed: DiffTotals;
    };

interface Comparison {
  readonly reader: BlobReader;
  readonly options: DiffOptions;
  readonly before: Side;
  readonly after: Side;
  /** Blobs of subtrees that both have. */
  readonly common: BlobSet;
  changedFiles: number;
}

interface Side {
  readonly totals: DiffTotals;
  readonly blobs: BlobSet;
}

/**
 * What changed from one tree to the other, in the order of the walk; the last event is the
 * statistics. A folder that cannot be read is a `problem`, and the rest goes on.
 */
export async function* diffTrees(
  reader: BlobReader,
  trees: { before: string; after: string },
  options: DiffOptions = {},
): AsyncGenerator<DiffEvent> {
  const comparison: Comparison = {
    reader,
    options,
    before: { totals: emptyTotals(), blobs: new BlobSet() },
    after: { totals: emptyTotals(), blobs: new BlobSet() },
    common: new BlobSet(),
    changedFiles: 0,
  };
  comparison.before.blobs.add('tree', trees.before);
  comparison.after.blobs.add('tree', trees.after);
  if (trees.before !== trees.after) yield* compareTrees(comparison, { ...trees, path: '/' });
  yield statistics(comparison);
}

async function* compareTrees(
  comparison: Comparison,
  { before, after, path }: { before: string; after: string; path: string },
): AsyncGenerator<DiffEvent> {
  const { reader, options } = comparison;
  const old = await loadTree(reader, { path, treeId: before }, options);
  const recent = await loadTree(reader, { path, treeId: after }, options);
  for (const pair of pairUp(old, recent)) {
    options.signal?.throwIfAborted();
    const node = pair.after ?? pair.before;
    if (node === undefined) continue;
    addBlobs(comparison.before, pair.before);
    addBlobs(comparison.after, pair.after);
    const at = joinPath(path, node.name);
    try {
      if (pair.before !== undefined && pair.after !== undefined) {
        yield* compareNodes(comparison, { before: pair.before, after: pair.after, path: at });
      } else {
        const gone = pair.after === undefined;
        const side = gone ? comparison.before : comparison.after;
        yield* listSide(comparison, { side, node, path: at, modifier: gone ? '-' : '+' });
      }
    } catch (error) {
      if (!isKeepsakeError(error, 'SNAPSHOT_TREE_DAMAGED')) throw error;
      yield { kind: 'problem', path: at, error };
    }
  }
}

async function* compareNodes(
  comparison: Comparison,
  { before, after, path }: { before: Node; after: Node; path: string },
): AsyncGenerator<DiffEvent> {
  const modifier = modifierOf(comparison, before, after);
  if (modifier !== '') yield { kind: 'change', path: shownPath(path, after), modifier };
  if (before.subtree === undefined || after.subtree === undefined) return;
  if (before.subtree === after.subtree) await collectCommon(comparison, path, after.subtree);
  else yield* compareTrees(comparison, { before: before.subtree, after: after.subtree, path });
}

function modifierOf(comparison: Comparison, before: Node, after: Node): string {
  const type = before.type === after.type ? '' : 'T';
  if (before.type === 'file' && after.type === 'file' && !sameContent(before, after)) {
    comparison.changedFiles += 1;
    return sameExceptContent(before, after) ? 'M?' : 'M';
  }
  return comparison.options.metadata === true && !sameNode(before, after) ? `${type}U` : type;
}

/** Everything of an entry that only one side has. */
async function* listSide(
  { reader, options }: Comparison,
  { side, node, path, modifier }: { side: Side; node: Node; path: string; modifier: '+' | '-' },
): AsyncGenerator<DiffEvent> {
  count(side.totals, node);
  yield { kind: 'change', path: shownPath(path, node), modifier };
  if (node.type !== 'dir' || node.subtree === undefined) return;
  for await (const step of walkTree(reader, node.subtree, { ...options, path, damage: 'step' })) {
    if (step.phase === 'problem') yield { kind: 'problem', path: step.path, error: step.error };
    if (step.phase !== 'enter' && step.phase !== 'leaf') continue;
    addBlobs(side, step.node);
    count(side.totals, step.node);
    yield { kind: 'change', path: shownPath(step.path, step.node), modifier };
  }
}

async function collectCommon(
  { reader, options, common }: Comparison,
  path: string,
  treeId: string,
): Promise<void> {
  for await (const step of walkTree(reader, treeId, { ...options, path })) {
    if (step.phase === 'enter' || step.phase === 'leaf') addBlobs({ blobs: common }, step.node);
  }
}

/** Both folders' entries side by side; both are ordered by name. */
function* pairUp(
  before: Iterable<Node>,
  after: Iterable<Node>,
): Generator<{ before?: Node | undefined; after?: Node | undefined }> {
  const [olds, recents] = [before[Symbol.iterator](), after[Symbol.iterator]()];
  let [old, recent] = [nextOf(olds), nextOf(recents)];
  while (old !== undefined || recent !== undefined) {
    const order = compareEnds(old, recent);
    yield { before: order <= 0 ? old : undefined, after: order >= 0 ? recent : undefined };
    if (order <= 0) old = nextOf(olds);
    if (order >= 0) recent = nextOf(recents);
  }
}

function nextOf(nodes: Iterator<Node>): Node | undefined {
  const { done, value } = nodes.next();
  return done === true ? undefined : value;
}

function compareEnds(old: Node | undefined, recent: Node | undefined): number {
  if (old === undefined) return 1;
  return recent === undefined ? -1 : compareRawNames(old.name, recent.name);
}

function shownPath(path: string, { type }: Node): string {
  return type === 'dir' ? `${path}/` : path;
}

function addBlobs({ blobs }: { blobs: BlobSet }, node: Node | undefined): void {
  if (node?.type === 'file') for (const id of node.content ?? []) blobs.add('data', id);
  else if (node?.subtree !== undefined) blobs.add('tree', node.subtree);
}

function count(totals: DiffTotals, { type }: Node): void {
  if (type === 'file') totals.files += 1;
  else if (type === 'dir') totals.dirs += 1;
  else totals.others += 1;
}

function statistics({ reader, before, after, common, changedFiles }: Comparison): DiffEvent {
  for (const [side, other] of [
    [before, after],
    [after, before],
  ] as const) {
    for (const { type, id } of side.blobs) {
      if (other.blobs.has(type, id) || common.has(type, id)) continue;
      if (type === 'data') side.totals.data_blobs += 1;
      else side.totals.tree_blobs += 1;
      side.totals.bytes += reader.blobSizeBytes?.(type, id) ?? 0;
    }
  }
  return { kind: 'statistics', changedFiles, added: after.totals, removed: before.totals };
}

function emptyTotals(): DiffTotals {
  return { files: 0, dirs: 0, others: 0, data_blobs: 0, tree_blobs: 0, bytes: 0 };
}
