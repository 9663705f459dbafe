export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * Counts the changing calls of everything that changes something, and ends at the n-th. With
 * `carriedOut` only those of the service count, and the last one is made before the end.
 */
export class Life {
  calls = 0;
  readonly #at: number;
  readonly #carriedOut: boolean;

  constructor(at = Number.POSITIVE_INFINITY, { carriedOut = false } = {}) {
    this.#at = at;
    this.#carriedOut = carriedOut;
  }

  get isOver(): boolean {
    return this.calls >= this.#at;
  }

  end(): void {
    this.calls = Number.POSITIVE_INFINITY;
  }

  /** Ends before the call or just after it. */
  async around<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    this.calls += 1;
    if (!this.isOver) return work();
    if (this.#carriedOut) await work();
    throw new Killed();
  }

  check(): void {
    if (this.isOver) throw new Killed();
  }

  /** One call to the disk, never carried out when it is the last. */
  spend(): void {
    if (!this.#carriedOut) this.calls += 1;
    this.check();
  }
}
