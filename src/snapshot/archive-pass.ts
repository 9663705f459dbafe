/**
 * One pass over a source: entries in, trees out. Files that the parent shows as unchanged are not
 * read; the others are read in parallel, chunk by chunk into the store.
 */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { compareRawNames } from '../base/raw-name.ts';
import { baseName, joinPath, parentPath } from '../base/raw-path.ts';
import { isSameTime } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import type { DirectoryStart, Leaf, ProblemEntry, SourceEntry } from '../source/source.ts';
import { countFiles, countItem } from './archive-counts.ts';
import type { ArchivePassOptions, Walk } from './archive-pass-options.ts';
import { isPlain, LeafReader } from './leaf-reader.ts';
import { isStored, isUnchanged, type UnchangedFile } from './unchanged.ts';
import { PackedTree } from './packed-tree.ts';
import { TreeFrame, type EarlierFolder } from './tree-frame.ts';

/** The id of the root tree; `undefined` when nothing at all was there to walk. */
export async function archivePass(
  walk: Walk,
  options: ArchivePassOptions,
): Promise<string | undefined> {
  const pass = new ArchivePass(options);
  try {
    for await (const entry of walk((folder, name) => pass.find(folder, name))) {
      options.signal?.throwIfAborted();
      const taken = pass.takeUnchanged(entry);
      if (taken === false) await pass.take(entry);
      else if (taken !== true) await taken;
    }
    return pass.root;
  } catch (error) {
    await pass.settle();
    throw error;
  }
}

class ArchivePass {
  readonly #options: ArchivePassOptions;
  readonly #frames: TreeFrame[] = [];
  /** What the parent has of the name of each open folder: a folder, or what it has become one from. */
  readonly #parentsOfOpen: (Node | undefined)[] = [];
  readonly #leaves: LeafReader;
  /** Problems of one path that may still be followed by its entry. */
  #untold: ProblemEntry[] = [];
  #root: string | undefined;

  constructor(options: ArchivePassOptions) {
    this.#options = options;
    this.#leaves = new LeafReader(options, (...item) => this.#count(...item));
  }

  get root(): string | undefined {
    return this.#root;
  }

  async settle(): Promise<void> {
    for (const frame of this.#frames) await frame.settle();
  }

  find(folder: string, name: string): Node | undefined {
    const frame = this.#frames.at(-1);
    return frame?.path === folder ? frame.peekParent(name) : undefined;
  }

  /**
   * What stands in the parent as it is, without a promise: there may be a hundred thousand. With
   * one, to be awaited, where files before it are still being read.
   */
  takeUnchanged(entry: SourceEntry): boolean | Promise<void> {
    if (entry.kind !== 'leaf' || entry.database === true || this.#untold.length > 0) return false;
    const { path, node, read } = entry;
    const frame = this.#frames.at(-1);
    if (frame === undefined || frame.peekParent(node.name) !== node) return false;
    if (read !== undefined && !this.#isTakenOver(entry, node)) return false;
    frame.takeParent(node.name);
    this.#count(path, node, node, true);
    return frame.add(node) ?? true;
  }

  async take(entry: SourceEntry): Promise<void> {
    await this.#tellProblems(entry);
    switch (entry.kind) {
      case 'directory-start':
        await this.#enter(entry);
        break;
      case 'directory-end':
        await this.#leave(entry.path, entry.node);
        break;
      case 'leaf':
        await this.#addLeaf(entry);
        break;
      case 'problem':
        this.#untold.push(entry);
        break;
    }
  }

  async #enter(entry: DirectoryStart): Promise<void> {
    const { path } = entry;
    const frame = this.#frames.at(-1);
    const match = await this.#meet(frame, baseName(path));
    const tree = frame === undefined ? this.#options.parentRoot : match?.subtree;
    this.#parentsOfOpen.push(match);
    // More is added to the root than the walk tells.
    if (frame !== undefined && (await this.#takeWhole(entry, tree))) return;
    const nodes = await this.#parentNodes(path, tree);
    const { scratch } = this.#options;
    this.#frames.push(new TreeFrame(path, nodes, { anyOrder: frame === undefined, scratch }));
  }

  async #takeWhole(entry: DirectoryStart, tree: string | undefined): Promise<boolean> {
    const { path, nameCount, skip } = entry;
    const { shortcut, parentAlso, counts, onWholeFolder } = this.#options;
    if (nameCount === undefined || skip === undefined) return false;
    if ((parentAlso?.(path) ?? []).length > 0) return false;
    const whole = await shortcut?.find({ path, tree, nameCount });
    if (whole === undefined) return false;
    skip();
    const same = { id: whole.tree, nodes: whole.nodes };
    this.#frames.push(new TreeFrame(path, same, { isWhole: true }));
    countFiles(counts, whole.files);
    onWholeFolder?.(path, whole);
    return true;
  }

  async #parentNodes(path: string, tree: string | undefined): Promise<EarlierFolder> {
    const { parent, parentAlso } = this.#options;
    const nodes = tree === undefined ? [] : ((await parent?.load(tree)) ?? []);
    const also = parentAlso?.(path) ?? [];
    if (also.length === 0) return { nodes, id: tree };
    const byName = new Map([...nodes, ...also].map((node) => [node.name, node]));
    return { nodes: [...byName.values()].sort((x, y) => compareRawNames(x.name, y.name)) };
  }

  async #leave(path: string, node: Node): Promise<void> {
    const frame = this.#frames.at(-1);
    assertInternal(frame?.path === path, `folder ${path} ended out of turn`);
    await this.#keepMissed(frame, frame.takeRest());
    if (this.#frames.length === 1) await this.#addExtraRootNodes(frame);
    const subtree = await this.#save(frame);
    if (!frame.isWhole) this.#tellWalked(frame, subtree);
    this.#frames.pop();
    const previous = this.#parentsOfOpen.pop();
    const above = this.#frames.at(-1);
    if (above === undefined) {
      this.#root = subtree;
      return;
    }
    const folder = node.subtree === subtree ? node : { ...node, subtree };
    this.#count(path, folder, previous, previous?.subtree === subtree);
    await above.add(folder);
  }

  #tellWalked({ path, files, length }: TreeFrame, tree: string): void {
    this.#options.shortcut?.walked({ path, tree, files, nodeCount: length });
  }

  async #save(frame: TreeFrame): Promise<string> {
    const { trees } = this.#options;
    const earlier = await frame.asParent();
    if (earlier !== undefined && trees.isStored(earlier)) return earlier.id;
    const isDrafted = earlier?.nodes instanceof PackedTree;
    return trees.saveTree(isDrafted ? earlier.nodes : frame.finish());
  }

  async #addExtraRootNodes(frame: TreeFrame): Promise<void> {
    await frame.settle(); // they may tell of every file, those directly in / included
    this.#leaves.end();
    for (const node of (await this.#options.extraRootNodes?.()) ?? []) await frame.add(node);
  }

  async #addLeaf(leaf: Leaf): Promise<void> {
    const frame = this.#currentFrame(leaf.path);
    const previous = await this.#meet(frame, leaf.node.name);
    if (leaf.database === true) {
      const node = await this.#leaves.placeDatabase(leaf, previous);
      if (node !== undefined) await frame.add(node);
    } else if (leaf.read === undefined) {
      const unmodified = previous !== undefined && isSameTime(previous.ctime, leaf.node.ctime);
      this.#count(leaf.path, leaf.node, previous, unmodified);
      await frame.add(leaf.node);
    } else if (this.#isTakenOver(leaf, previous)) {
      const node = { ...leaf.node, content: previous.content };
      this.#count(leaf.path, node, previous, true);
      await frame.add(node);
    } else {
      await this.#leaves.ready();
      await frame.add(this.#leaves.read(leaf, previous));
    }
  }

  #isTakenOver(leaf: Leaf, previous: Node | undefined): previous is UnchangedFile {
    const { store, isPlainInParent } = this.#options;
    return (
      isUnchanged(previous, leaf.node) &&
      (isPlainInParent(leaf.path) || isPlain(leaf)) &&
      isStored(previous.content, store)
    );
  }

  /**
   * An entry that follows a problem of its own path is whole but for some metadata. Without one
   * the path could not be read: then what the draft has of it stays.
   */
  async #tellProblems(next: SourceEntry): Promise<void> {
    const [first] = this.#untold;
    if (first === undefined || (next.kind === 'problem' && next.path === first.path)) return;
    const problems = this.#untold.splice(0);
    const frame = this.#frames.at(-1);
    const { keepMissed, onProblem } = this.#options;
    const isLeftOut = next.path !== first.path || next.kind === 'directory-end';
    if (isLeftOut && keepMissed !== undefined && frame?.path === parentPath(first.path)) {
      const previous = await this.#meet(frame, baseName(first.path));
      if (previous !== undefined && (await this.#keep(frame, previous))) return;
    }
    for (const { path, error } of problems) onProblem(path, error);
  }

  /** The parent's entry of this name; those before it that the walk missed are kept or dropped. */
  async #meet(frame: TreeFrame | undefined, name: string): Promise<Node | undefined> {
    if (frame === undefined) return undefined;
    await this.#keepMissed(frame, frame.missedBefore(name));
    return frame.takeParent(name);
  }

  async #keepMissed(frame: TreeFrame | undefined, missed: Iterable<Node>): Promise<void> {
    if (frame === undefined) return;
    for (const node of missed) await this.#keep(frame, node);
  }

  /** Whether anything of it was kept. */
  async #keep(frame: TreeFrame, node: Node): Promise<boolean> {
    const path = joinPath(frame.path, node.name);
    const kept = await this.#options.keepMissed?.(node, path);
    if (kept === undefined) return false;
    this.#count(path, kept, kept, true);
    await frame.add(kept);
    return true;
  }

  #currentFrame(path: string): TreeFrame {
    const frame = this.#frames.at(-1);
    assertInternal(
      frame !== undefined && parentPath(path) === frame.path,
      `${path} came out of turn`,
    );
    return frame;
  }

  #count(path: string, node: Node, previous: Node | undefined, unmodified: boolean): void {
    const compared = previous === undefined ? 'new' : unmodified ? 'unmodified' : 'changed';
    const action = this.#options.judge({ path, action: compared, node }, previous);
    countItem(this.#options.counts, { action, node });
    // One that was still being read may belong to a folder above the one just open.
    const frame = this.#frames.findLast((one) => one.holds(path));
    if (node.type === 'file') frame?.noteFile(action, node);
    this.#options.onItem?.({ path, action, node });
  }
}
