/**
 * What the first pass finds of the parent snapshot's files in the referenced folders. While a
 * database is unchanged and none of its files is gone, the parent's cross-check still holds but for
 * the files that came.
 */
import type { Node } from '../format/node.ts';
import { FolderListing } from './cross-check.ts';

export class ParentFiles {
  readonly #listing: FolderListing;
  readonly #gone: string[] = [];

  constructor(folders: Iterable<string>) {
    this.#listing = new FolderListing(folders);
  }

  /** The first pass met `node`, of which the parent has `previous`. */
  note(path: string, node: Node, previous: Node | undefined): void {
    if (previous?.type !== 'file') return;
    if (node.type === 'file') this.#listing.note(path);
    else this.noteGone(path);
  }

  /** The parent has it; the first pass did not meet it, or could not read it. */
  noteGone(path: string): void {
    this.#gone.push(path);
  }

  /** Files of the parent in `folder`; `undefined` if any of them is gone. */
  allIn(folder: string): ReadonlySet<string> | undefined {
    const isGone = this.#gone.some(
      (path) => path.startsWith(`${folder}/`) || folder === path || folder.startsWith(`${path}/`),
    );
    return isGone ? undefined : this.#listing.namesIn(folder);
  }
}
