import { Semaphore, type BoundedQueue } from '../base/concurrency.ts';
import { systemClock, systemRandom, type Clock } from '../base/clock.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { errnoCode } from '../host/system-call-error.ts';
import type { NodeType } from '../format/node.ts';
import { rethrowIfGeneral, type BlobReader, type BlobReading } from './blob-reader.ts';
import type {
  Overwrite,
  RestoreAction,
  RestoreEvent,
  RestoreOptions,
  RestoreTotals,
  RestoreWarningKind,
} from './restore-options.ts';
import { TemporaryNames } from './temporary-name.ts';

const PROGRESS_INTERVAL_MS = 100;

/** One restore under way: its settings, its totals, and the way its news goes out. */
export class RestoreContext {
  readonly reader: BlobReader;
  readonly reading: BlobReading;
  /** Files of many blobs are restored one at a time. */
  readonly largeFiles = new Semaphore(1);
  /** The real path of the target. */
  readonly target: string;
  readonly overwrite: Overwrite;
  readonly dryRun: boolean;
  readonly sparse: boolean;
  readonly owners: boolean;
  readonly durable: boolean;
  readonly isRoot = process.geteuid?.() === 0;
  readonly temporaryNames: TemporaryNames;
  readonly signal: AbortSignal;
  readonly totals: RestoreTotals = emptyTotals();
  /** Paths whose content is not the snapshot's and known not to be. */
  readonly unverifiable = new Set<string>();
  /** Per hard-linked file, the first path it was restored to; `undefined` if that failed. */
  readonly hardLinks = new Map<string, Promise<string | undefined>>();
  readonly #clock: Clock;
  readonly #events: BoundedQueue<RestoreEvent>;
  readonly #stop: AbortController;
  #lastProgressMs: number;

  constructor(
    options: RestoreOptions,
    run: {
      target: string;
      events: BoundedQueue<RestoreEvent>;
      stop: AbortController;
      reading: BlobReading;
    },
  ) {
    this.reader = options.reader;
    this.reading = run.reading;
    this.target = run.target;
    this.overwrite = options.overwrite ?? 'always';
    this.dryRun = options.dryRun ?? false;
    this.sparse = options.sparse ?? true;
    this.owners = options.owners ?? true;
    this.durable = options.durable ?? false;
    this.temporaryNames = new TemporaryNames(options.random ?? systemRandom);
    this.#stop = run.stop;
    this.signal = AbortSignal.any([run.stop.signal, ...(options.signal ? [options.signal] : [])]);
    this.#clock = options.clock ?? systemClock;
    this.#events = run.events;
    this.#lastProgressMs = this.#clock.monotonicMs();
  }

  async done(
    action: RestoreAction,
    { path, type, sizeBytes = 0 }: { path: string; type: NodeType; sizeBytes?: number },
  ): Promise<void> {
    this.#count(action, type, sizeBytes);
    await this.#events.push({ kind: 'item', action, path, type, sizeBytes });
  }

  async wrote(sizeBytes: number): Promise<void> {
    this.totals.bytesRestored += sizeBytes;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastProgressMs < PROGRESS_INTERVAL_MS) return;
    this.#lastProgressMs = nowMs;
    await this.#events.push({ kind: 'progress', totals: { ...this.totals } });
  }

  async warn(path: string, about: RestoreWarningKind, message: string): Promise<void> {
    this.totals.warnings += 1;
    await this.#events.push({ kind: 'warning', path, about, message });
  }

  /** Reports an error of one item. What concerns the whole restore stops it and is thrown. */
  async fail(path: string, error: unknown): Promise<void> {
    try {
      rethrowIfGeneral(error, this.signal);
      this.#rethrowIfFull(path, error);
    } catch (general) {
      this.#stop.abort(general);
      throw general;
    }
    this.totals.errors += 1;
    const told = isKeepsakeError(error) ? error : itemFailed(path, error);
    await this.#events.push({ kind: 'error', path, error: told });
  }

  #rethrowIfFull(path: string, error: unknown): void {
    if (!['ENOSPC', 'EDQUOT'].includes(errnoCode(error) ?? '')) return;
    throw new KeepsakeError('RESTORE_DISK_FULL', { target: this.target, path }, { cause: error });
  }

  #count(action: RestoreAction, type: NodeType, sizeBytes: number): void {
    const { totals } = this;
    if (type === 'dir') totals.folders += 1;
    else if (type !== 'file') totals.others += 1;
    else if (action === 'restored') totals.filesRestored += 1;
    else if (action === 'updated') totals.filesUpdated += 1;
    else {
      totals.bytesSkipped += sizeBytes;
      if (action === 'unchanged') totals.filesUnchanged += 1;
      else totals.filesSkipped += 1;
    }
  }
}

function itemFailed(path: string, cause: unknown): KeepsakeError {
  return new KeepsakeError('RESTORE_ITEM_FAILED', { path, why: describeCause(cause) }, { cause });
}

function emptyTotals(): RestoreTotals {
  return {
    filesRestored: 0,
    filesUpdated: 0,
    filesUnchanged: 0,
    filesSkipped: 0,
    folders: 0,
    others: 0,
    bytesRestored: 0,
    bytesSkipped: 0,
    filesVerified: 0,
    warnings: 0,
    errors: 0,
  };
}
