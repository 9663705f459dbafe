/** What one pass of an archive run is given. */
import type { Clock } from '../base/clock.ts';
import type { Node } from '../format/node.ts';
import type { KnownEntries } from '../source/known-entry.ts';
import type { Leaf, SourceEntry } from '../source/source.ts';
import type { ArchiveCounts, ItemAction } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import type { TreeScratch } from './tree-scratch.ts';
import type { ParentTrees, TreeSink } from './tree-store.ts';
import type { FolderShortcut, WholeFolder } from './whole-folders.ts';

export interface ArchivePassOptions {
  readonly store: BlobStore;
  readonly clock: Clock;
  readonly trees: TreeSink;
  readonly scratch?: TreeScratch | undefined;
  readonly parent: ParentTrees | undefined;
  /** Tree id of the parent's root; absent: there is no parent. */
  readonly parentRoot: string | undefined;
  readonly counts: ArchiveCounts;
  /** Says what an entry is against the parent snapshot; the item's action is against `parent`. */
  readonly judge: (item: ArchivedItem, previous: Node | undefined) => ItemAction;
  /**
   * What becomes of a database: its captured node, or `undefined` to leave it out. A node without
   * content holds its place in a draft. `previous` is the parent's entry.
   */
  readonly database: (leaf: Leaf, previous: Node | undefined) => Promise<Node | undefined>;
  /**
   * For the pass after the databases: entries of the parent (the draft) that are gone by now are
   * kept, because the captured rows may name them.
   */
  readonly keepMissed?: ((node: Node, path: string) => Promise<Node | undefined>) | undefined;
  /** Whether the parent is known to have no database at this path, so that an unchanged file is none. */
  readonly isPlainInParent: (path: string) => boolean;
  /** What the parent holds besides its trees. */
  readonly parentAlso?: ((folder: string) => readonly Node[]) | undefined;
  /** Nodes to add at the root, e.g. Keepsake's own folder; asked for when all else is known. */
  readonly extraRootNodes?: (() => Promise<readonly Node[]>) | undefined;
  readonly shortcut?: FolderShortcut | undefined;
  readonly onItem?: ((item: ArchivedItem) => void) | undefined;
  /** Instead of `onItem` for each of its files. */
  readonly onWholeFolder?: ((path: string, folder: WholeFolder) => void) | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly onProblem: (path: string, error: unknown) => void;
  readonly readers: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ArchivedItem {
  readonly path: string;
  readonly action: ItemAction;
  readonly node: Node;
}

/** @param find the parent's node of an entry that the walk is about to tell, if it is at hand */
export type Walk = (find: KnownEntries['find']) => AsyncIterable<SourceEntry>;
