import type { Backend, CallOptions, FileKind, ListedFile } from '../../src/backend/backend.ts';
import { WrappedBackend } from '../../src/backend/wrapped-backend.ts';

/** A store that another run writes to just after files of a kind were listed for the first time. */
export class BusyBackend extends WrappedBackend {
  readonly #otherRun: () => Promise<unknown>;
  readonly #after: FileKind;
  #isOver = false;

  constructor(inner: Backend, otherRun: () => Promise<unknown>, after: FileKind = 'index') {
    super(inner);
    this.#otherRun = otherRun;
    this.#after = after;
  }

  override async *list(kind: FileKind, options?: CallOptions): AsyncGenerator<ListedFile> {
    yield* this.inner.list(kind, options);
    if (kind !== this.#after || this.#isOver) return;
    this.#isOver = true;
    await this.#otherRun();
  }
}
