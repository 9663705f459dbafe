/**
 * The databases of one archive run. The first pass notes them, between the passes they are
 * captured, and the second pass puts them into the tree where it meets their files.
 */
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { compareRawNames } from '../base/raw-name.ts';
import { isSameTime } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import type { Leaf } from '../source/source.ts';
import { databaseOfSidecar, hasFilledWal } from '../source/sqlite-files.ts';
import type { CaptureWarning } from '../sqlite/capture.ts';
import { ownGateUnless, type Gate } from '../sqlite/gate.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { ArchivedDatabase } from './archive-database.ts';
import type { ArchiveOptions, ArchiveProblem } from './archive-options.ts';
import type { NamedFiles } from './cross-check.ts';
import type { FolderNames } from './folder-names.ts';
import { loadCapturing } from './load-capturing.ts';
import type { Manifest, ManifestDatabase } from './manifest.ts';
import type { NamedFileRescue } from './named-file-rescue.ts';
import type { ParentFiles } from './parent-files.ts';
import { saveContent } from './save-content.ts';
import { sealingWork } from './sealing-work.ts';
import type { TreeScratch } from './tree-scratch.ts';
import { storedContent, takeOverDatabase } from './unchanged-database.ts';

export interface ArchiveRecord {
  readonly counts: ArchiveCounts;
  readonly problems: ArchiveProblem[];
  readonly rescue: NamedFileRescue;
  readonly parentFiles: ParentFiles;
  readonly folderNames: FolderNames;
  /** On the disk that captures need. */
  readonly scratch: TreeScratch;
  /** The parent snapshot's entry of a database that the first pass met. */
  readonly parentOfDatabase: (path: string) => Node | undefined;
  /** The last of all databases was captured, perhaps once more; it is not yet stored. */
  readonly onLastImage: () => void;
}

interface KnownDatabase {
  readonly known: ManifestDatabase | undefined;
  /** All of it that the parent snapshot has. */
  readonly isStored: boolean;
}

interface CaptureHow {
  readonly gate?: Gate | undefined;
  readonly onImage?: (() => void) | undefined;
}

/** What only looks like a database, or is one no more: worth keeping as the file it is. */
const WORTH_A_PLAIN_COPY = ['DATABASE_DAMAGED', 'DATABASE_EMPTY', 'DATABASE_NOT_SQLITE'];

export class DatabaseCaptures implements AsyncDisposable {
  readonly warnings: { path: string; warning: CaptureWarning }[] = [];
  readonly #options: ArchiveOptions;
  readonly #record: ArchiveRecord;
  readonly #discovered = new Set<string>();
  readonly #sizes = new Map<string, number>();
  readonly #tried = new Set<string>();
  readonly #captured = new Map<string, ArchivedDatabase>();
  readonly #plain = new Set<string>();
  readonly #placed = new Set<string>();
  /** Stand in the draft with the content the parent snapshot has of them. */
  readonly #drafted = new Set<string>();
  readonly #takenOver = new Set<string>();
  readonly #own: AsyncDisposable & { gate: Gate };

  constructor(options: ArchiveOptions, record: ArchiveRecord) {
    this.#options = options;
    this.#record = record;
    this.#own = options.capture.ahead ?? ownGateUnless(options.capture.gate);
  }

  get isNeeded(): boolean {
    return this.#options.configuredDatabases.length > 0 || this.#discovered.size > 0;
  }

  get captured(): readonly ArchivedDatabase[] {
    return [...this.#captured.values()];
  }

  /** It is captured, or going to be. */
  has(path: string): boolean {
    return this.#captured.has(path) || (this.#sizes.has(path) && !this.#tried.has(path));
  }

  isDiscovered(path: string): boolean {
    return this.#sizes.has(path);
  }

  isDiscoveredBelow(folder: string): boolean {
    return [...this.#sizes.keys()].some((path) => path.startsWith(`${folder}/`));
  }

  /**
   * The first pass met it below the paths. Its node for the draft: as the parent snapshot has it,
   * which is right if it is taken over, or without content.
   */
  discover({ path, node }: Leaf, previous: Node | undefined): Node {
    this.#sizes.set(path, node.size ?? 0);
    if (!this.#isConfigured(path)) this.#discovered.add(path);
    const { store, parent } = this.#options;
    const known = parent?.manifest?.databases.find((database) => database.path === path);
    const content = known && storedContent(known, { previous, store });
    const isTouched = previous === undefined || !isSameTime(previous.mtime, node.mtime);
    if (isTouched) this.#prepare(path, { known, isStored: content !== undefined });
    if (content === undefined) return { ...node, content: null };
    this.#drafted.add(path);
    return { ...node, size: known?.sizeBytes ?? 0, content };
  }

  /** While the files are read; most runs capture nothing and need nothing of it. */
  #prepare(path: string, { known, isStored }: KnownDatabase): void {
    loadCapturing().catch(() => {}); // asked for again where it is needed
    this.#options.capture.ahead?.start();
    // Of one in use only what was committed may have to be read.
    if (known?.journalMode === 'wal' && hasFilledWal(path)) return;
    const sizeBytes = this.#sizes.get(path) ?? 0;
    const work = sealingWork(sizeBytes, isStored ? Math.min(sizeBytes, known?.sizeBytes ?? 0) : 0);
    this.#options.store.fileSealing?.expect(work);
  }

  /** Whether each database was taken over from the parent snapshot, and the draft has it so. */
  get areAllTakenOver(): boolean {
    return [...this.#tried].every((path) => this.#takenOver.has(path) && this.#drafted.has(path));
  }

  async captureAll(): Promise<void> {
    await using own = this.#own;
    const { gate } = own;
    // Files are read side by side, so that they are found in any order.
    const discovered = [...this.#discovered].sort(compareRawNames);
    const paths = [...this.#options.configuredDatabases, ...discovered];
    for (const [at, path] of paths.entries()) {
      const isLast = at === paths.length - 1;
      await this.#capture(path, { gate, onImage: isLast ? this.#record.onLastImage : undefined });
    }
  }

  /** The captured state as this entry's content; `undefined` leaves it out. */
  async place(leaf: Leaf): Promise<Node | undefined> {
    const { path, node } = leaf;
    // It came to be after the first pass.
    if (!this.#tried.has(path)) await this.#capture(path);
    return this.#placeCaptured(path, node) ?? (await this.#placePlain(leaf));
  }

  /** As `place`, for one that vanished since the first pass. */
  placeVanished(path: string, node: Node): Node | undefined {
    return this.#placeCaptured(path, node);
  }

  /** The image is complete by itself; a WAL or journal beside it would be replayed over it. */
  isSidecarOfCaptured(path: string): boolean {
    const database = databaseOfSidecar(path);
    return database !== undefined && this.#captured.has(database);
  }

  /** After a run that did not come to its captures. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own[Symbol.asyncDispose]();
  }

  /** A captured database must stand in the tree, or the snapshot is not what it says. */
  reportUnplaced(): void {
    for (const path of this.#captured.keys()) {
      if (this.#placed.has(path)) continue;
      this.#captured.delete(path);
      const error = new KeepsakeError('SNAPSHOT_DATABASE_VANISHED', { path });
      const kind = this.#isConfigured(path) ? 'database' : 'file';
      this.#record.problems.push({ path, error, kind });
    }
  }

  #placeCaptured(path: string, node: Node): Node | undefined {
    const archived = this.#captured.get(path);
    if (archived === undefined) return undefined;
    this.#placed.add(path);
    return databaseNode(node, archived);
  }

  async #placePlain({ path, read }: Leaf): Promise<Node | undefined> {
    if (!this.#plain.has(path) || read === undefined) return undefined;
    const { store, clock, signal } = this.#options;
    const { counts, problems } = this.#record;
    const onProblem = (error: unknown) => problems.push({ path, error, kind: 'file' });
    return saveContent({ path, reading: read() }, { store, clock, signal, counts, onProblem });
  }

  async #capture(path: string, how: CaptureHow = this.#options.capture): Promise<void> {
    this.#tried.add(path);
    try {
      const takenOver = await this.#takeOver(path);
      const archived = takenOver ?? (await this.#archiveInRoom(path, how));
      if (!this.#isConfigured(path)) refuseDamaged(archived.manifest);
      this.#captured.set(path, archived);
      if (takenOver !== undefined) this.#takenOver.add(path);
      this.#options.listener?.onDatabase?.(archived);
      this.warnings.push(...archived.warnings.map((warning) => ({ path, warning })));
      for (const error of archived.crossCheckProblems) {
        this.#record.problems.push({ path, error, kind: 'cross-check' });
      }
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (!isKeepsakeError(error) || !/^(DATABASE|SCRATCH|CAPTURE)_/.test(error.code)) throw error;
      this.#noteFailure(path, error);
    }
  }

  /** A copy of a sound database that could not be captured would be torn: it is left out. */
  #noteFailure(path: string, error: KeepsakeError): void {
    const { problems } = this.#record;
    if (this.#isConfigured(path)) problems.push({ path, error, kind: 'database' });
    else if (WORTH_A_PLAIN_COPY.includes(error.code)) {
      this.#plain.add(path);
      problems.push({ path, error, kind: 'plain' });
    } else if (error.code !== 'DATABASE_MISSING') problems.push({ path, error, kind: 'file' });
  }

  /** Whoever asks for SQLite's own copy wants one, and what could not be read may be a named file. */
  async #takeOver(path: string): Promise<ArchivedDatabase | undefined> {
    const { store, clock, capture, references, parent, signal } = this.#options;
    const { problems, parentFiles, parentOfDatabase } = this.#record;
    if (parent?.manifest === undefined || capture.method === 'backup') return undefined;
    if (problems.some(({ kind }) => kind === 'file')) return undefined;
    return takeOverDatabase({
      path,
      configured: this.#isConfigured(path),
      manifest: parent.manifest,
      previous: parentOfDatabase(path),
      references,
      parentFiles,
      store,
      clock,
      check: capture.check,
      signal,
    });
  }

  /** The draft's trees can be in memory; the copy of a database cannot. */
  async #archiveInRoom(path: string, how: CaptureHow): Promise<ArchivedDatabase> {
    try {
      return await this.#archive(path, how);
    } catch (error) {
      if (!isKeepsakeError(error, 'SCRATCH_FULL') || !this.#record.scratch.giveBack()) throw error;
      return this.#archive(path, how);
    }
  }

  async #archive(path: string, { gate, onImage }: CaptureHow): Promise<ArchivedDatabase> {
    const { store, clock, capture, references, parent, signal, listener } = this.#options;
    const known = parent?.manifest?.databases.find((database) => database.path === path);
    const job = {
      ...capture,
      path,
      configured: this.#isConfigured(path),
      sizeBytes: this.#sizes.get(path) ?? known?.sizeBytes ?? 0,
      store,
      clock,
      gate,
      signal,
      counts: this.#record.counts,
      rescue: (named: readonly NamedFiles[]) => this.#record.rescue.rescue(named),
      knownMissing: missingIn(parent?.manifest),
      references: references.filter(({ database }) => database === path),
      among: this.#record.folderNames,
      known,
      previous: this.#record.parentOfDatabase(path),
      onImage,
      onBytes: (bytes: number) => listener?.onBytes?.(bytes),
    };
    const { archiveChanges, archiveDatabase } = await loadCapturing();
    return (await archiveChanges(job)) ?? (await archiveDatabase(job));
  }

  #isConfigured(path: string): boolean {
    return this.#options.configuredDatabases.includes(path);
  }
}

/** The node of a database: where and whose it is on disk, with the captured state as content. */
function databaseNode(node: Node, { manifest, content }: ArchivedDatabase): Node {
  return { ...node, size: manifest.sizeBytes, content };
}

function missingIn(manifest: Manifest | undefined): Set<string> {
  const references = manifest?.references ?? [];
  return new Set(
    references.flatMap(({ folder, missing }) => missing.map((name) => `${folder}/${name}`)),
  );
}

/** Only a configured database is worth a damaged capture; another one is stored as a plain file. */
function refuseDamaged({ path, integrity }: ManifestDatabase): void {
  if (integrity.result === 'ok') return;
  throw new KeepsakeError('DATABASE_DAMAGED', { path, reason: integrity.problems[0] ?? '' });
}
