/**
 * `check`: is everything there, and (with a subset to read) is it intact? Yields what it finds as
 * it goes; the summary comes last. Changes nothing.
 */
import type { CallOptions } from '../backend/backend.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import { checkIndexFiles, checkPackFiles, findLostBlobs, type StoredPacks } from './check-index.ts';
import { checkPackData, selectPacks, type Subset } from './check-pack-data.ts';
import { isNote, type CheckProblem } from './check-problem.ts';
import { TreeCheck } from './check-trees.ts';
import { listKeys } from './keys.ts';
import { listLocks } from './stored-locks.ts';
import type { Repository, StoredSnapshot } from './repository.ts';

export type CheckPhase = 'index' | 'packs' | 'data' | 'snapshots';

export interface CheckSummary {
  readonly snapshotCount: number;
  readonly treeCount: number;
  readonly packCount: number;
  readonly packsRead: number;
  readonly bytesRead: number;
  readonly errorCount: number;
  readonly noteCount: number;
  /** Nothing of them was found missing or damaged; oldest first. */
  readonly whole: readonly StoredSnapshot[];
}

export type CheckEvent =
  | { type: 'progress'; phase: CheckPhase; done: number; total: number }
  | { type: 'problem'; problem: CheckProblem }
  | { type: 'summary'; summary: CheckSummary };

export interface CheckOptions extends CallOptions {
  /** Absent: no pack is read. */
  readonly readData?: Subset | undefined;
}

export async function* checkRepository(
  repository: Repository,
  options: CheckOptions = {},
): AsyncGenerator<CheckEvent> {
  const run = new CheckRun(repository, options);
  for await (const event of run.events()) {
    if (event.type === 'problem') run.count(event.problem);
    yield event;
  }
  yield { type: 'summary', summary: run.summary() };
}

class CheckRun {
  readonly #repository: Repository;
  readonly #options: CheckOptions;
  #stored: StoredPacks = new Map();
  readonly #damaged = new Map<string, ReadonlySet<string>>();
  #counts = { snapshotCount: 0, treeCount: 0, packsRead: 0, bytesRead: 0 };
  readonly #whole: StoredSnapshot[] = [];
  #errorCount = 0;
  #noteCount = 0;

  constructor(repository: Repository, options: CheckOptions) {
    this.#repository = repository;
    this.#options = options;
  }

  count(problem: CheckProblem): void {
    if (isNote(problem)) this.#noteCount += 1;
    else this.#errorCount += 1;
  }

  summary(): CheckSummary {
    const { packCount } = this.#repository.index;
    const [errorCount, noteCount] = [this.#errorCount, this.#noteCount];
    return { ...this.#counts, packCount, errorCount, noteCount, whole: this.#whole };
  }

  async *events(): AsyncGenerator<CheckEvent> {
    yield* asEvents(this.#checkDocuments());
    // Before the index, which then knows all they name although a backup may run beside us.
    const snapshots = yield* this.#readSnapshots();
    const sizes = snapshots.map(({ snapshot }) => snapshot.summary?.totalBytesProcessed ?? 0);
    const dataBytes = this.#options.readData === undefined ? 0 : Math.max(0, ...sizes);
    await using _ = this.#repository.prepareReading(dataBytes);
    yield { type: 'progress', phase: 'index', done: 0, total: 1 };
    const indexed = yield* asEvents(checkIndexFiles(this.#repository, this.#options));
    yield { type: 'progress', phase: 'packs', done: 0, total: indexed.size };
    this.#stored = yield* asEvents(checkPackFiles(this.#repository, indexed, this.#options));
    if (this.#options.readData !== undefined) yield* this.#readPacks(this.#options.readData);
    yield* this.#checkTrees(snapshots);
  }

  async *#checkDocuments(): AsyncGenerator<CheckProblem> {
    for await (const { name, problem } of listKeys(this.#repository.backend, this.#options)) {
      if (problem !== undefined) yield { kind: 'key-damaged', name, why: problem };
    }
    for await (const { name, problem } of listLocks(
      this.#repository.lockDependencies,
      this.#options,
    )) {
      if (problem !== undefined) yield { kind: 'lock-damaged', name, why: problem };
    }
  }

  async *#readPacks(subset: Subset): AsyncGenerator<CheckEvent> {
    const { index, backend, random } = this.#repository;
    const candidates = new Map(
      index.packIds().flatMap((id) => {
        const sizeBytes = this.#stored.get(id);
        return sizeBytes === undefined ? [] : [[id, sizeBytes] as const];
      }),
    );
    const chosen = selectPacks(candidates, subset, random);
    const total = chosen.length;
    await using opener = this.#repository.takeOpener();
    const readings = mapConcurrent(
      chosen,
      async (name) => {
        const sizeBytes = candidates.get(name) ?? 0;
        const pack = { name, sizeBytes, opener };
        return { pack: name, ...(await checkPackData(this.#repository, pack, this.#options)) };
      },
      { limit: Math.min(2, backend.connections), signal: this.#options.signal },
    );
    for await (const { pack, damaged, problem } of readings) {
      this.#damaged.set(pack, damaged);
      this.#counts.packsRead += 1;
      this.#counts.bytesRead += candidates.get(pack) ?? 0;
      if (problem !== undefined) yield { type: 'problem', problem };
      yield { type: 'progress', phase: 'data', done: this.#counts.packsRead, total };
    }
  }

  async *#readSnapshots(): AsyncGenerator<CheckEvent, StoredSnapshot[]> {
    const damagedFiles: CheckProblem[] = [];
    const snapshots = await this.#repository.loadSnapshots({
      signal: this.#options.signal,
      onDamage: ({ details, message }) => {
        const { name, why } = details as { name: string; why?: string };
        damagedFiles.push({ kind: 'snapshot-damaged', name, why: why ?? message });
      },
    });
    yield* damagedFiles.map((problem) => ({ type: 'problem', problem }) as const);
    return snapshots;
  }

  async *#checkTrees(snapshots: readonly StoredSnapshot[]): AsyncGenerator<CheckEvent> {
    const lost = findLostBlobs(this.#repository, this.#stored, this.#damaged);
    const trees = new TreeCheck(this.#repository, lost, this.#options);
    const total = snapshots.length;
    for (const snapshot of snapshots) {
      const isWhole = yield* asEvents(trees.checkSnapshot(snapshot));
      if (isWhole) this.#whole.push(snapshot);
      this.#counts.snapshotCount += 1;
      this.#counts.treeCount = trees.treeCount;
      yield { type: 'progress', phase: 'snapshots', done: this.#counts.snapshotCount, total };
    }
  }
}

async function* asEvents<R>(
  problems: AsyncGenerator<CheckProblem, R>,
): AsyncGenerator<CheckEvent, R> {
  for (;;) {
    const next = await problems.next();
    if (next.done === true) return next.value;
    yield { type: 'problem', problem: next.value };
  }
}
