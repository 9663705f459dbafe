/**
 * What the passes of an archive run meet, entry by entry: counted for the manifest, held against
 * the parent snapshot, and told to whoever listens.
 */
import { namesOf, type Node } from '../format/node.ts';
import type { DatabaseCaptures } from './archive-captures.ts';
import { countItem, resetItems, type ArchiveCounts } from './archive-counts.ts';
import type { ArchiveListener, ArchiveOptions } from './archive-options.ts';
import type { ArchivedItem } from './archive-pass-options.ts';
import { ArchiveTally } from './archive-tally.ts';
import type { FolderNames } from './folder-names.ts';
import { ItemJudge } from './item-judge.ts';
import { ParentFiles } from './parent-files.ts';
import type { WholeFolder } from './whole-folders.ts';

type Captures = Pick<DatabaseCaptures, 'has' | 'isDiscovered' | 'isDiscoveredBelow'>;

export interface ArchiveItemsRecord {
  readonly counts: ArchiveCounts;
  readonly folderNames: FolderNames;
  readonly captures: () => Captures;
}

export class ArchiveItems {
  readonly #counts: ArchiveCounts;
  readonly #captures: () => Captures;
  readonly #listener: ArchiveListener | undefined;
  readonly judge = new ItemJudge();
  readonly parentFiles: ParentFiles;
  readonly tally: ArchiveTally;
  #undecided: ArchivedItem[] = [];

  constructor(options: ArchiveOptions, { counts, folderNames, captures }: ArchiveItemsRecord) {
    this.#counts = counts;
    this.#captures = captures;
    this.#listener = options.listener;
    const folders = options.references.map(({ folder }) => folder);
    this.tally = new ArchiveTally(options, folderNames);
    this.parentFiles = new ParentFiles(folders, folderNames);
  }

  noteInFirstPass(item: ArchivedItem): void {
    this.#note(item);
    if (this.#isUndecided(item)) this.#undecided.push(item);
    else this.#listener?.onItem?.(item);
  }

  noteInSecondPass(item: ArchivedItem): void {
    this.#note(item);
    if (!this.judge.isDecided(item.path)) this.#listener?.onItem?.(item);
  }

  noteFolderInFirstPass(path: string, whole: WholeFolder): void {
    this.noteFolder(path, whole);
    this.parentFiles.noteFolder(path, () => namesOf(whole.nodes));
    this.#listener?.onWholeFolder?.(whole.files);
  }

  noteFolder(path: string, { nodes, files }: WholeFolder): void {
    this.tally.noteFolder({ path, files, names: () => namesOf(nodes) });
  }

  /** Below a folder that vanished between the passes, where no pass counts. */
  noteKept(path: string, node: Node): void {
    const action = this.judge.recall({ path, action: 'unmodified', node });
    countItem(this.#counts, { action, node });
    this.#note({ path, action, node });
  }

  /** Found beside both passes: a captured row names it. */
  tellFound(path: string, node: Node): void {
    const item = { path, action: 'new', node } as const;
    this.judge.remember(item, undefined);
    this.#listener?.onItem?.(item);
  }

  /** The first pass had the last word on everything. */
  tellUndecided(): void {
    for (const item of this.#undecided) this.#listener?.onItem?.(item);
  }

  /** The second pass meets everything again. */
  forgetFirstPass(): void {
    this.#undecided = [];
    resetItems(this.#counts);
    this.tally.forgetFiles();
  }

  /** Whether a database may turn out to be other than the draft has it, or a folder with one. */
  #isUndecided({ path, action, node }: ArchivedItem): boolean {
    if (node.type !== 'dir') return this.#captures().isDiscovered(path);
    return action === 'changed' || this.#captures().isDiscoveredBelow(path);
  }

  #note({ path, node }: ArchivedItem): void {
    if (node.type !== 'file' || this.#captures().has(path)) return;
    this.tally.noteFile(path, node.size ?? 0);
  }
}
