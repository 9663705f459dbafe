/**
 * Loads data blobs a run at a time, a few runs ahead of the one that is asked for. Only the last few
 * runs are held; a blob that is asked for later, or damaged in its run, is loaded alone.
 */
import type { Backend, CallOptions } from '../backend/backend.ts';
import type { BlobIndex } from './blob-index.ts';
import { isDamage, type BlobLoader } from './blob-loader.ts';
import { planRuns, type PlannedRun } from './blob-runs.ts';
import type { OpeningRun, RunOpener } from './run-opener.ts';
import { releaseMemory } from '../base/bytes.ts';
import { plaintextLength, sealedRun, type OpenedRun } from './sealed-run.ts';

/** Together at most about 3 MiB sealed and 6 MiB open. */
const RUNS_AHEAD = 3;
const RUNS_HELD = 4;

export interface SupplyParts {
  readonly backend: Backend;
  readonly index: BlobIndex;
  readonly loader: BlobLoader;
  readonly opener: RunOpener;
}

interface Run {
  readonly plan: PlannedRun;
  /** Of how many askings the run is not rid yet. */
  expected: number;
  submitted?: Promise<OpeningRun | undefined>;
  opened?: Promise<void>;
  /** While held: its blobs, and the memory they lie in. */
  blobs?: Map<string, Uint8Array>;
  memory?: Uint8Array;
  isDone: boolean;
}

export class BlobSupply {
  readonly #parts: SupplyParts;
  readonly #runs: Run[];
  readonly #places = new Map<string, { run: number; sizeBytes: number }>();
  readonly #unplanned: string[];
  readonly #held: Run[] = [];

  /** @param ids data blobs, each as often as it will be asked for */
  constructor(parts: SupplyParts, ids: Iterable<string>) {
    this.#parts = parts;
    const wanted = [...ids];
    this.#runs = planRuns(parts.index, wanted).map((plan) => ({
      plan,
      expected: 0,
      isDone: false,
    }));
    for (const [run, { plan }] of this.#runs.entries()) {
      for (const blob of plan.blobs) {
        this.#places.set(blob.id, { run, sizeBytes: plaintextLength(blob) });
      }
    }
    for (const id of wanted) {
      const run = this.#findRun(id);
      if (run !== undefined) run.expected += 1;
    }
    this.#unplanned = [...new Set(wanted)].filter((id) => !this.#places.has(id));
  }

  sizeBytes(id: string): number | undefined {
    return this.#places.get(id)?.sizeBytes;
  }

  *inPackOrder(): Generator<string> {
    for (const { plan } of this.#runs) for (const { id } of plan.blobs) yield id;
    for (const id of this.#unplanned) yield id;
  }

  /**
   * The blob's bytes, if they are here already. They must be used before the next turn of the event
   * loop: then their memory goes, with which an empty array is all that is left of them.
   */
  held(id: string): Uint8Array | undefined {
    const run = this.#findRun(id);
    const bytes = run?.blobs?.get(id);
    if (run === undefined || bytes === undefined) return undefined;
    run.expected -= 1;
    if (run.expected === 0) this.#drop(run);
    return bytes;
  }

  /** As `BlobLoader.load` of a data blob. For its bytes the same holds as for those of `held`. */
  async load(id: string, options: CallOptions = {}): Promise<Uint8Array> {
    const number = this.#places.get(id)?.run;
    const run = number === undefined ? undefined : this.#runs[number];
    if (number !== undefined && run?.isDone === false) {
      for (const ahead of this.#runs.slice(number, number + 1 + RUNS_AHEAD)) {
        this.#submit(ahead, options);
      }
      await (run.opened ??= this.#open(run));
      const bytes = this.held(id);
      if (bytes !== undefined) return bytes;
    }
    return this.#parts.loader.load('data', id, options);
  }

  #findRun(id: string): Run | undefined {
    const number = this.#places.get(id)?.run;
    return number === undefined ? undefined : this.#runs[number];
  }

  #submit(run: Run, options: CallOptions): void {
    if (run.isDone || run.submitted !== undefined) return;
    run.submitted = this.#loadSealed(run.plan, options);
    run.submitted.catch(() => {}); // told to whoever asks for one of its blobs
  }

  /** `undefined` if the run's bytes are damaged: then each blob is tried alone. */
  async #loadSealed(
    { packId, blobs, offset, length }: PlannedRun,
    { signal }: CallOptions,
  ): Promise<OpeningRun | undefined> {
    const { backend, opener } = this.#parts;
    try {
      const bytes = await backend.load(
        { kind: 'pack', name: packId, content: 'data' },
        { offsetBytes: offset, lengthBytes: length, signal },
      );
      return opener.submit(sealedRun(bytes, { start: offset, blobs, keep: true }));
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  async #open(run: Run): Promise<void> {
    const opening = await run.submitted;
    const opened = await opening?.result();
    if (opened === undefined) {
      this.#drop(run);
      return;
    }
    run.memory = opened.plaintext;
    run.blobs = blobsOf(run.plan, opened);
    this.#held.push(run);
    const oldest = this.#held.length > RUNS_HELD ? this.#held[0] : undefined;
    if (oldest !== undefined) this.#drop(oldest);
  }

  #drop(run: Run): void {
    const { memory } = run;
    if (memory !== undefined) setImmediate(() => releaseMemory(memory));
    run.isDone = true;
    delete run.memory;
    delete run.blobs;
    delete run.submitted;
    delete run.opened;
    const at = this.#held.indexOf(run);
    if (at >= 0) this.#held.splice(at, 1);
  }
}

function blobsOf({ blobs }: PlannedRun, opened: OpenedRun): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const plaintext = Buffer.from(opened.plaintext.buffer);
  let at = 0;
  for (const blob of blobs) {
    const end = at + plaintextLength(blob);
    found.set(blob.id, plaintext.subarray(at, end));
    at = end;
  }
  for (const { index } of opened.failures) found.delete(blobs[index]?.id ?? '');
  return found;
}
