/**
 * Makes a snapshot's tree of a live app: files, then databases, then files again, keeping the union
 * (design §3.2). The second pass reads only what changed meanwhile; a file that vanished between
 * the passes stays, because the captured rows may name it.
 */
import type { Clock } from '../base/clock.ts';
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import type { Leaf, SourceEntry } from '../source/source.ts';
import type { CaptureWarning } from '../sqlite/capture.ts';
import { newArchiveCounts, resetItems, type ArchiveCounts } from './archive-counts.ts';
import {
  archiveDatabase,
  databaseNode,
  type ArchivedDatabase,
  type CaptureSettings,
} from './archive-database.ts';
import { ItemJudge } from './item-judge.ts';
import { archivePass, type ArchivedItem, type ArchivePassOptions } from './archive-pass.ts';
import type { BlobStore } from './blob-writer.ts';
import { crossCheck, FolderListing, type FileReference } from './cross-check.ts';
import { FolderTotals } from './folder-totals.ts';
import { encodeManifest, type Manifest, type ManifestDatabase } from './manifest.ts';
import { manifestNodes } from './manifest-nodes.ts';
import { saveContent } from './save-content.ts';
import { DraftTrees, RepositoryTrees, type ParentTrees } from './tree-store.ts';

export interface ArchiveSource {
  /** May be walked more than once. */
  entries(options: { signal?: AbortSignal | undefined }): AsyncIterable<SourceEntry>;
}

export interface ArchiveParent {
  readonly tree: string;
  readonly trees: ParentTrees;
  readonly manifest?: Manifest | undefined;
}

export interface ArchiveOptions {
  readonly store: BlobStore;
  readonly source: ArchiveSource;
  readonly clock: Clock;
  readonly capture: CaptureSettings;
  /** Absolute paths; each must be captured, or the snapshot is not complete. */
  readonly configuredDatabases: readonly string[];
  readonly references: readonly FileReference[];
  /** The paths that were asked for, for the manifest. */
  readonly paths: readonly string[];
  readonly about: Pick<Manifest, 'keepsakeVersion' | 'hostname'> &
    Partial<Pick<Manifest, 'app' | 'appVersion'>>;
  readonly parent?: ArchiveParent | undefined;
  readonly readers: number;
  readonly listener?: ArchiveListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ArchiveListener {
  onItem?(item: ArchivedItem): void;
  onBytes?(bytes: number): void;
  onPhase?(phase: 'files' | 'databases' | 'changes'): void;
  onDatabase?(database: ArchivedDatabase): void;
}

export interface ArchiveProblem {
  readonly path: string;
  readonly error: unknown;
  /** `database`: a configured database is missing. `plain`: stored as a plain file instead. */
  readonly kind: 'file' | 'database' | 'plain';
}

export interface ArchiveResult {
  readonly tree: string;
  readonly manifest: Manifest;
  readonly counts: ArchiveCounts;
  readonly problems: readonly ArchiveProblem[];
  readonly warnings: readonly { path: string; warning: CaptureWarning }[];
}

export function archive(options: ArchiveOptions): Promise<ArchiveResult> {
  return new ArchiveRun(options).run();
}

class ArchiveRun {
  readonly #options: ArchiveOptions;
  readonly #counts = newArchiveCounts();
  readonly #problems: ArchiveProblem[] = [];
  readonly #warnings: { path: string; warning: CaptureWarning }[] = [];
  readonly #databases = new Map<string, ArchivedDatabase>();
  readonly #discovered = new Set<string>();
  readonly #placed = new Set<string>();
  readonly #draft = new DraftTrees();
  readonly #trees: RepositoryTrees;
  readonly #judge = new ItemJudge();
  readonly #captureStart: Date;
  #totals: FolderTotals;
  #listing: FolderListing;
  #manifest: Manifest | undefined;

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#trees = new RepositoryTrees(options.store, this.#counts);
    this.#captureStart = options.clock.now();
    this.#totals = new FolderTotals(options.paths);
    this.#listing = this.#newListing();
  }

  async run(): Promise<ArchiveResult> {
    const { listener } = this.#options;
    listener?.onPhase?.('files');
    const draftRoot = await this.#firstPass();
    if (draftRoot === undefined) throw await this.#nothingToRead();
    const tree = this.#hasDatabases()
      ? await this.#captureAndLookAgain(draftRoot)
      : await this.#promoteDraft(draftRoot);
    const manifest = this.#manifest ?? this.#buildManifest();
    return {
      tree,
      manifest,
      counts: this.#counts,
      problems: this.#problems,
      warnings: this.#warnings,
    };
  }

  #hasDatabases(): boolean {
    return this.#options.configuredDatabases.length > 0 || this.#discovered.size > 0;
  }

  /** A missing database says more than missing paths. */
  async #nothingToRead(): Promise<unknown> {
    const { configuredDatabases, paths } = this.#options;
    for (const path of configuredDatabases) await this.#capture(path, true);
    const problem = this.#problems.find(({ kind }) => kind === 'database');
    return problem?.error ?? new KeepsakeError('SOURCE_NOTHING_TO_READ', { paths });
  }

  #firstPass(): Promise<string | undefined> {
    const { parent } = this.#options;
    return this.#pass({
      trees: this.#draft,
      parent: parent?.trees,
      parentRoot: parent?.tree,
      judge: (path, action, node) => this.#judge.remember(path, action, node),
      database: (leaf, previous) => {
        this.#judge.rememberDatabase(leaf.path, previous);
        if (!this.#options.configuredDatabases.includes(leaf.path)) this.#discovered.add(leaf.path);
        return Promise.resolve(undefined);
      },
      // Without databases there is no second pass, and the draft becomes the snapshot.
      extraRootNodes: () => (this.#hasDatabases() ? Promise.resolve([]) : this.#saveManifest()),
    });
  }

  async #promoteDraft(draftRoot: string): Promise<string> {
    await this.#draft.promote(draftRoot, this.#trees);
    return draftRoot;
  }

  async #captureAndLookAgain(draftRoot: string): Promise<string> {
    const { listener, configuredDatabases } = this.#options;
    listener?.onPhase?.('databases');
    for (const path of configuredDatabases) await this.#capture(path, true);
    for (const path of this.#discovered) await this.#capture(path, false);
    listener?.onPhase?.('changes');
    this.#forgetFirstPass();
    const tree = await this.#secondPass(draftRoot);
    this.#reportUnplaced();
    return tree;
  }

  #forgetFirstPass(): void {
    resetItems(this.#counts);
    const kept = this.#problems.filter(({ kind }) => kind !== 'file');
    this.#problems.splice(0, Infinity, ...kept);
    this.#totals = new FolderTotals(this.#options.paths);
    this.#listing = this.#newListing();
  }

  async #secondPass(draftRoot: string): Promise<string> {
    const root = await this.#pass({
      trees: this.#trees,
      parent: { load: (id) => this.#draft.nodes(id) },
      parentRoot: draftRoot,
      judge: (path, action, node) => this.#judge.recall(path, action, node),
      database: (leaf) => this.#databaseNode(leaf),
      keepMissed: (node, path) => this.#keepMissed(node, path),
      extraRootNodes: () => this.#saveManifest(),
    });
    if (root === undefined) {
      throw new KeepsakeError('SOURCE_NOTHING_TO_READ', { paths: this.#options.paths });
    }
    return root;
  }

  async #capture(path: string, configured: boolean): Promise<void> {
    const { store, clock, capture, references, parent, signal, listener } = this.#options;
    try {
      const known = parent?.manifest?.databases.find((database) => database.path === path);
      const archived = await archiveDatabase({
        ...capture,
        path,
        configured,
        store,
        clock,
        signal,
        counts: this.#counts,
        references: references.filter(({ database }) => database === path),
        previousChunkSizeBytes: known?.chunkSizeBytes,
        onBytes: (bytes) => listener?.onBytes?.(bytes),
      });
      if (!configured) refuseDamaged(archived.manifest);
      this.#databases.set(path, archived);
      listener?.onDatabase?.(archived);
      this.#warnings.push(...archived.warnings.map((warning) => ({ path, warning })));
    } catch (error) {
      signal?.throwIfAborted();
      if (!isKeepsakeError(error) || !/^(DATABASE|SCRATCH|CAPTURE)_/.test(error.code)) throw error;
      this.#problems.push({ path, error, kind: configured ? 'database' : 'plain' });
    }
  }

  /** A discovered file that could not be captured as a database is stored as the file it is. */
  async #databaseNode(leaf: Leaf): Promise<Node | undefined> {
    const archived = this.#databases.get(leaf.path);
    if (archived !== undefined) {
      this.#placed.add(leaf.path);
      return databaseNode(leaf.node, archived);
    }
    if (this.#options.configuredDatabases.includes(leaf.path) || leaf.read === undefined) {
      return undefined;
    }
    const { store, signal } = this.#options;
    const { path } = leaf;
    return saveContent(
      { path, reading: leaf.read() },
      {
        store,
        signal,
        counts: this.#counts,
        onProblem: (error) => this.#problems.push({ path, error, kind: 'file' }),
      },
    );
  }

  async #keepMissed(node: Node, path: string): Promise<Node> {
    if (node.subtree !== undefined) {
      for (const below of await this.#draft.nodes(node.subtree)) {
        const kept = await this.#keepMissed(below, `${path}/${below.name}`);
        this.#noteItem({ path: `${path}/${below.name}`, node: kept, action: 'new' });
      }
      await this.#trees.saveTree(this.#draft.load(node.subtree));
    }
    return node;
  }

  /** A captured database must stand in the tree, or the snapshot is not what it says. */
  #reportUnplaced(): void {
    for (const [path, { manifest }] of this.#databases) {
      if (this.#placed.has(path)) continue;
      this.#databases.delete(path);
      const error = new KeepsakeError('SNAPSHOT_DATABASE_VANISHED', { path });
      this.#problems.push({ path, error, kind: manifest.configured ? 'database' : 'file' });
    }
  }

  #pass(
    specific: Pick<
      ArchivePassOptions,
      'trees' | 'parent' | 'parentRoot' | 'judge' | 'database' | 'keepMissed' | 'extraRootNodes'
    >,
  ): Promise<string | undefined> {
    const { source, store, readers, signal, listener } = this.#options;
    return archivePass(source.entries({ signal }), {
      store,
      readers,
      signal,
      counts: this.#counts,
      onItem: (item) => {
        this.#noteItem(item);
        listener?.onItem?.(item);
      },
      onBytes: (bytes) => listener?.onBytes?.(bytes),
      onProblem: (path, error) => this.#problems.push({ path, error, kind: 'file' }),
      ...specific,
    });
  }

  #noteItem({ path, node }: ArchivedItem): void {
    if (node.type !== 'file' || this.#databases.has(path)) return;
    this.#totals.note(path, node.size ?? 0);
    this.#listing.note(path);
  }

  #newListing(): FolderListing {
    return new FolderListing(this.#options.references.map(({ folder }) => folder));
  }

  #buildManifest(): Manifest {
    const databases = [...this.#databases.values()];
    const named = databases.flatMap(({ names }) => names);
    return {
      version: 1,
      ...this.#options.about,
      captureStart: this.#captureStart.toISOString(),
      captureEnd: this.#options.clock.now().toISOString(),
      databases: databases.map(({ manifest }) => manifest),
      files: this.#totals.totals(),
      ...crossCheck(named, this.#listing),
    };
  }

  async #saveManifest(): Promise<Node[]> {
    this.#manifest = this.#buildManifest();
    const bytes = encodeManifest(this.#manifest);
    return manifestNodes(bytes, {
      store: this.#options.store,
      trees: this.#trees,
      counts: this.#counts,
      now: this.#options.clock.now(),
    });
  }
}

/** Only a configured database is worth a damaged capture; another one is stored as a plain file. */
function refuseDamaged({ path, integrity }: ManifestDatabase): void {
  if (integrity.result === 'ok') return;
  throw new KeepsakeError('DATABASE_DAMAGED', { path, reason: integrity.problems[0] ?? '' });
}
