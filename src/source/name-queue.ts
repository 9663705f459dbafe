const NAMES_JOINED = 1024;
/** No name has it. */
const SEPARATOR = '/';

/**
 * Names of one folder, each to be taken once. Those not yet due are held many in one string: of
 * 200,000 that is 5 instead of 13 MB, less with every name taken.
 */
export class NameQueue {
  /** Last ones first. */
  readonly #joined: string[] = [];
  /** Last ones first. */
  #due: string[] = [];

  constructor(names: readonly string[]) {
    for (let end = names.length; end > 0; end -= NAMES_JOINED) {
      const start = Math.max(0, end - NAMES_JOINED);
      this.#joined.push(names.slice(start, end).join(SEPARATOR));
    }
  }

  next(): string | undefined {
    if (this.#due.length === 0) this.#due = this.#joined.pop()?.split(SEPARATOR).reverse() ?? [];
    return this.#due.pop();
  }
}
