/** Data blobs in quantity: a run at a time, opened by two threads. */
import type { CallOptions } from '../backend/backend.ts';
import { Semaphore } from '../base/concurrency.ts';
import type { FileWrites } from '../host/new-files.ts';
import { isDamage } from './blob-loader.ts';
import { planRuns, type PlannedRun } from './blob-runs.ts';
import { BlobSupply, type SupplyParts } from './blob-supply.ts';
import { sealedRun } from './sealed-run.ts';

/** Together at most about 2 MiB sealed; as many keep two threads and the disk at work. */
const RUNS_WRITTEN_AT_ONCE = 4;

export class BlobReading implements AsyncDisposable {
  readonly #parts: SupplyParts;
  readonly #writing = new Semaphore(RUNS_WRITTEN_AT_ONCE);

  constructor(parts: SupplyParts) {
    this.#parts = parts;
  }

  /** @param ids each as often as it will be asked for */
  plan(ids: Iterable<string>): BlobSupply {
    return new BlobSupply(this.#parts, ids);
  }

  planRuns(ids: Iterable<string>): readonly PlannedRun[] {
    return planRuns(this.#parts.index, ids);
  }

  /**
   * Opens a run and writes its blobs, which are the pieces of `writes`, in whatever thread is free.
   * Gives what `writeFiles` gives; nothing if the run cannot be had whole. An open file must stay
   * open until this is settled.
   */
  async writeRun(
    { packId, blobs, offset, length }: PlannedRun,
    writes: FileWrites,
    { signal }: CallOptions = {},
  ): Promise<Uint8Array | undefined> {
    const { backend, opener } = this.#parts;
    return this.#writing.run(async () => {
      const range = { offsetBytes: offset, lengthBytes: length, signal };
      try {
        const bytes = await backend.load({ kind: 'pack', name: packId, content: 'data' }, range);
        const run = sealedRun(bytes, { start: offset, blobs, keep: false, writes });
        const { written } = await opener.submit(run).result();
        return written;
      } catch (error) {
        if (!isDamage(error)) throw error;
        return undefined;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.opener[Symbol.asyncDispose]();
  }
}
