import { MOST_MARKS, NameTable } from './name-table.ts';

/** What is asked of names, whatever holds them. */
export interface NameList extends Iterable<string> {
  readonly size: number;
  has(name: string): boolean;
}

/**
 * A set of strings in little memory, where there may be hundreds of thousands. Exact, unlike
 * `StringSet`; nothing is taken out.
 */
export class NameSet implements NameList {
  readonly #table: NameTable;
  readonly #mark: number;
  #size = 0;

  /** @param place in a table that others share; `mark` is this set's alone */
  constructor(names: Iterable<string> = [], place = { table: new NameTable(), mark: 1 }) {
    this.#table = place.table;
    this.#mark = place.mark;
    for (const name of names) this.add(name);
  }

  get size(): number {
    return this.#size;
  }

  has(name: string): boolean {
    return this.#table.has(name, this.#mark);
  }

  add(name: string): void {
    if (this.#table.add(name, this.#mark)) this.#size += 1;
  }

  clear(): void {
    this.#table.clear(this.#mark);
    this.#size = 0;
  }

  /** In the order in which they were added, to this or to a set that shares its memory. */
  [Symbol.iterator](): Generator<string> {
    return this.#table.names(this.#mark);
  }
}

/** Makes sets that are expected to have mostly the same names: each is in memory once. */
export class NameSetFamily {
  #table = new NameTable();
  #count = 0;

  newSet(): NameSet {
    if (this.#count === MOST_MARKS) {
      this.#table = new NameTable();
      this.#count = 0;
    }
    const mark = 1 << this.#count;
    this.#count += 1;
    return new NameSet([], { table: this.#table, mark });
  }
}
