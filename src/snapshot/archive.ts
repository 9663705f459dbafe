/**
 * Makes a snapshot's tree of a live app: files, then databases, then files again, keeping the union
 * (design §3.2). The second pass reads only what changed meanwhile; a file that vanished between
 * the passes stays, because the captured rows may name it.
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import type { SourceEntry } from '../source/source.ts';
import { DatabaseCaptures } from './archive-captures.ts';
import { newArchiveCounts } from './archive-counts.ts';
import { ArchiveItems } from './archive-items.ts';
import type { ArchiveOptions, ArchiveProblem, ArchiveResult } from './archive-options.ts';
import { archivePass } from './archive-pass.ts';
import type { ArchivePassOptions, Walk } from './archive-pass-options.ts';
import { FolderNames } from './folder-names.ts';
import { isOfFirstPass, KeptDraft, unsettledAmong } from './kept-draft.ts';
import { encodeManifest, MANIFEST_NAME, type Manifest } from './manifest.ts';
import { NamedFileRescue } from './named-file-rescue.ts';
import { ownFileNodes } from './own-file-nodes.ts';
import { TIMESTAMP_GUARD_MS } from './save-content.ts';
import { TreeScratch } from './tree-scratch.ts';
import { DraftTrees, RepositoryTrees } from './tree-store.ts';
import { plainIn } from './unchanged.ts';
import { WholeFolders } from './whole-folders.ts';

export async function archive(options: ArchiveOptions): Promise<ArchiveResult> {
  using scratch = new TreeScratch(options.capture.scratchFolder);
  await using run = new ArchiveRun(options, scratch);
  return await run.run();
}

class ArchiveRun implements AsyncDisposable {
  readonly #options: ArchiveOptions;
  readonly #counts = newArchiveCounts();
  readonly #problems: ArchiveProblem[] = [];
  readonly #captures: DatabaseCaptures;
  readonly #rescue: NamedFileRescue;
  readonly #scratch: TreeScratch;
  readonly #draft: DraftTrees;
  readonly #trees: RepositoryTrees;
  readonly #items: ArchiveItems;
  readonly #wholeFolders: WholeFolders;
  readonly #beganAt: Date;
  #manifest: Manifest | undefined;

  constructor(options: ArchiveOptions, scratch: TreeScratch) {
    this.#options = options;
    this.#scratch = scratch;
    this.#draft = new DraftTrees(options.store, scratch);
    this.#trees = new RepositoryTrees(options.store, this.#counts);
    this.#beganAt = options.beganAt ?? options.clock.now();
    const folderNames = new FolderNames();
    this.#items = new ArchiveItems(options, {
      counts: this.#counts,
      folderNames,
      captures: () => this.#captures,
    });
    this.#rescue = this.#newRescue();
    this.#wholeFolders = new WholeFolders({
      ...options,
      restedBeforeNs: restedBefore(this.#beganAt.getTime()),
      isSound: (folder) => this.#isSound(folder),
    });
    this.#captures = new DatabaseCaptures(options, {
      counts: this.#counts,
      problems: this.#problems,
      rescue: this.#rescue,
      parentFiles: this.#items.parentFiles,
      folderNames,
      scratch,
      onLastImage: () => this.#wholeFolders.lookAgain(),
      parentOfDatabase: (path) => this.#items.judge.parentOfDatabase(path),
    });
  }

  #newRescue(): NamedFileRescue {
    const { source, store, clock, signal } = this.#options;
    return new NamedFileRescue({
      source,
      store,
      clock,
      signal,
      counts: this.#counts,
      isStored: (folder, name) => this.#items.tally.hasFile(folder, name),
      onFile: (path, node) => this.#items.tellFound(path, node),
    });
  }

  async run(): Promise<ArchiveResult> {
    this.#options.listener?.onPhase?.('files');
    const draftRoot = await this.#firstPass();
    if (draftRoot === undefined) throw await this.#nothingToRead();
    const tree = this.#captures.areAllTakenOver
      ? await this.#promoteDraft(draftRoot)
      : await this.#lookAgain(draftRoot);
    return {
      tree,
      manifest: this.#manifest ?? this.#newManifest(),
      counts: this.#counts,
      problems: this.#problems,
      warnings: this.#captures.warnings,
    };
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#captures[Symbol.asyncDispose]();
  }

  /** A missing database says more than missing paths. */
  async #nothingToRead(): Promise<unknown> {
    await this.#captures.captureAll();
    const problem = this.#problems.find(({ kind }) => kind === 'database');
    const { paths } = this.#options;
    return problem?.error ?? new KeepsakeError('SOURCE_NOTHING_TO_READ', { paths });
  }

  #firstPass(): Promise<string | undefined> {
    const { parent } = this.#options;
    const { judge, parentFiles } = this.#items;
    const parentBeganAt = parent?.hasAllAttributes === true ? parent.manifest?.captureStart : '';
    const isPlainInParent = plainIn(parent?.manifest);
    return this.#pass(this.#walk(Date.parse(parentBeganAt ?? '')), {
      trees: this.#draft,
      parent: parent?.trees,
      parentRoot: parent?.tree,
      isPlainInParent,
      judge: (item, previous) => {
        parentFiles.note(item.path, item.node, previous);
        return judge.remember(item, previous);
      },
      keepMissed: (_, path) => {
        parentFiles.noteGone(path);
        return Promise.resolve(undefined);
      },
      database: (leaf, previous) => {
        judge.rememberDatabase(leaf.path, previous);
        if (previous !== undefined && isPlainInParent(leaf.path)) parentFiles.noteGone(leaf.path);
        return Promise.resolve(this.#captures.discover(leaf, previous));
      },
      extraRootNodes: () => this.#captureDatabases(),
      shortcut: this.#wholeFolders.firstPass,
      onWholeFolder: (path, whole) => this.#items.noteFolderInFirstPass(path, whole),
      onItem: (item) => this.#items.noteInFirstPass(item),
    });
  }

  async #promoteDraft(draftRoot: string): Promise<string> {
    this.#items.tellUndecided();
    await this.#draft.promote(draftRoot, this.#trees);
    return draftRoot;
  }

  /**
   * When all files were looked at once. If nothing was committed to any database since the parent
   * snapshot, the rows that stand in this one are those that stood while the files were read: a
   * file they name was read as it was beside them, or was not there for the app either. What came
   * or changed since belongs to rows of later; so there is nothing to look for in a second pass,
   * and the draft becomes the snapshot. That needs a pass in which every file could be read and
   * none of the parent's was gone from the referenced folders, or no database is taken over.
   */
  async #captureDatabases(): Promise<Node[]> {
    if (this.#captures.isNeeded) {
      this.#options.listener?.onPhase?.('databases');
      await this.#captures.captureAll();
    }
    if (!this.#captures.areAllTakenOver) return [];
    await this.#wholeFolders.prove();
    return this.#saveManifest();
  }

  #lookAgain(draftRoot: string): Promise<string> {
    this.#options.listener?.onPhase?.('changes');
    this.#options.store.fileSealing?.sendAhead();
    const isWhole = !this.#problems.some(isOfFirstPass);
    const walk = this.#walk(isWhole ? this.#beganAt.getTime() : NaN);
    return this.#secondPass({ draftRoot, walk, unsettled: this.#forgetFirstPass() });
  }

  #isSound(folder: string): boolean {
    const isAmiss = ({ path }: ArchiveProblem) => path === folder || path.startsWith(`${folder}/`);
    return !this.#captures.isDiscoveredBelow(folder) && !this.#problems.some(isAmiss);
  }

  /** What it could not read is looked at again; returns what changed or went while it was read. */
  #forgetFirstPass(): Map<string, ArchiveProblem> {
    this.#items.forgetFirstPass();
    const ofFiles = this.#problems.filter(isOfFirstPass);
    const others = this.#problems.filter((problem) => !isOfFirstPass(problem));
    this.#problems.splice(0, Infinity, ...others);
    return unsettledAmong(ofFiles);
  }

  async #secondPass({
    draftRoot,
    walk,
    unsettled,
  }: {
    draftRoot: string;
    walk: Walk;
    unsettled: ReadonlyMap<string, ArchiveProblem>;
  }): Promise<string> {
    const kept = new KeptDraft({
      draft: this.#draft,
      trees: this.#trees,
      scratch: this.#scratch,
      captures: this.#captures,
      unsettled,
      onProblem: (problem) => this.#problems.push(problem),
      onItem: (path, node) => this.#items.noteKept(path, node),
    });
    const root = await this.#pass((find) => this.#withoutSidecars(walk(find)), {
      trees: this.#trees,
      parent: { load: (id) => Promise.resolve(this.#draft.nodes(id)) },
      parentRoot: draftRoot,
      // Each file of the draft was looked into.
      isPlainInParent: (path) => !this.#captures.isDiscovered(path),
      parentAlso: (folder) => this.#rescue.foundIn(folder),
      judge: (item) => this.#items.judge.recall(item),
      database: (leaf) => this.#captures.place(leaf),
      keepMissed: (node, path) => kept.keep(node, path),
      extraRootNodes: () => {
        this.#captures.reportUnplaced();
        return this.#saveManifest();
      },
      shortcut: this.#wholeFolders.secondPass((tree) => this.#draft.nodes(tree)),
      onWholeFolder: (path, whole) => this.#items.noteFolder(path, whole),
      onItem: (item) => this.#items.noteInSecondPass(item),
    });
    if (root === undefined) {
      throw new KeepsakeError('SOURCE_NOTHING_TO_READ', { paths: this.#options.paths });
    }
    return root;
  }

  /** Those of a database that is gone by now look like any file. */
  async *#withoutSidecars(entries: AsyncIterable<SourceEntry>): AsyncGenerator<SourceEntry> {
    for await (const entry of entries) {
      if (entry.kind === 'leaf' && this.#captures.isSidecarOfCaptured(entry.path)) continue;
      yield entry;
    }
  }

  /** @param earlierMs when the walk began whose nodes may be told again; not a number: none may */
  #walk(earlierMs: number): Walk {
    const { source, signal } = this.#options;
    if (Number.isNaN(earlierMs)) return () => source.entries({ signal });
    const restedBeforeNs = restedBefore(earlierMs);
    return (find) => source.entries({ signal, known: { find, restedBeforeNs } });
  }

  #pass(
    walk: Walk,
    specific: Omit<
      ArchivePassOptions,
      'store' | 'clock' | 'scratch' | 'readers' | 'signal' | 'counts' | 'onBytes' | 'onProblem'
    >,
  ): Promise<string | undefined> {
    const { store, clock, readers, signal, listener } = this.#options;
    return archivePass(walk, {
      store,
      clock,
      scratch: this.#scratch,
      readers,
      signal,
      counts: this.#counts,
      onBytes: (bytes) => listener?.onBytes?.(bytes),
      onProblem: (path, error) => this.#problems.push({ path, error, kind: 'file' }),
      ...specific,
    });
  }

  #newManifest(): Manifest {
    return this.#items.tally.manifest(this.#captures.captured, this.#wholeFolders.looks());
  }

  async #saveManifest(): Promise<Node[]> {
    this.#manifest = this.#newManifest();
    const manifest = { name: MANIFEST_NAME, bytes: encodeManifest(this.#manifest) };
    const { store, ownFiles = [] } = this.#options;
    return ownFileNodes([...ownFiles, manifest], {
      store,
      trees: this.#trees,
      counts: this.#counts,
      now: this.#options.clock.now(),
    });
  }
}

/** What changed since may have changed once more with the same ctime. */
function restedBefore(beganAtMs: number): bigint {
  return BigInt(beganAtMs - TIMESTAMP_GUARD_MS) * 1_000_000n;
}
