/**
 * What the first pass finds of the parent snapshot's files in the referenced folders. While a
 * database is unchanged and none of its files is gone, the parent's cross-check still holds but for
 * the files that came.
 */
import type { NameList } from '../base/name-set.ts';
import type { Node } from '../format/node.ts';
import { FolderListing } from './cross-check.ts';
import type { FolderNames } from './folder-names.ts';

export class ParentFiles {
  readonly #folders: ReadonlySet<string>;
  readonly #listing: FolderListing;
  /** Those of which something is gone. */
  readonly #torn = new Set<string>();

  constructor(folders: Iterable<string>, names: FolderNames) {
    this.#folders = new Set(folders);
    this.#listing = new FolderListing(this.#folders, names);
  }

  /** The first pass met `node`, of which the parent has `previous`. */
  note(path: string, node: Node, previous: Node | undefined): void {
    if (previous?.type !== 'file') return;
    if (node.type === 'file') this.#listing.note(path);
    else this.noteGone(path);
  }

  /** The first pass found a folder as the parent has it. */
  noteFolder(folder: string, names: () => Iterable<string>): void {
    this.#listing.noteFolder(folder, names);
  }

  /** The parent has it; the first pass did not meet it, or could not read it. */
  noteGone(path: string): void {
    for (const folder of this.#folders) {
      const isOfIt =
        path.startsWith(`${folder}/`) || folder === path || folder.startsWith(`${path}/`);
      if (isOfIt) this.#torn.add(folder);
    }
  }

  /** Files of the parent in one of the folders; `undefined` if any of them is gone. */
  allIn(folder: string): NameList | undefined {
    return this.#torn.has(folder) ? undefined : this.#listing.namesIn(folder);
  }
}
