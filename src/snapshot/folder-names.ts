import { NameSetFamily, type NameSet } from '../base/name-set.ts';

/** Sets of names of files, by the folder they are in: what stands there, what rows name. */
export class FolderNames {
  readonly #families = new Map<string, NameSetFamily>();

  newSet(folder: string): NameSet {
    let family = this.#families.get(folder);
    if (family === undefined) this.#families.set(folder, (family = new NameSetFamily()));
    return family.newSet();
  }
}
