import type { Backend, CallOptions, FileKind, ListedFile } from '../../src/backend/backend.ts';
import { WrappedBackend } from '../../src/backend/wrapped-backend.ts';

/** A store that another run writes to just after its index was listed. */
export class BusyBackend extends WrappedBackend {
  readonly #otherRun: () => Promise<unknown>;
  #isOver = false;

  constructor(inner: Backend, otherRun: () => Promise<unknown>) {
    super(inner);
    this.#otherRun = otherRun;
  }

  override async *list(kind: FileKind, options?: CallOptions): AsyncGenerator<ListedFile> {
    yield* this.inner.list(kind, options);
    if (kind !== 'index' || this.#isOver) return;
    this.#isOver = true;
    await this.#otherRun();
  }
}
