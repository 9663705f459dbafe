/** What every command that looks into a snapshot begins with. */
import type { Repository } from '../repository/repository.ts';
import { findTree } from '../snapshot/find-node.ts';
import { chooseSnapshot, type ChosenSnapshot, type SnapshotFilter } from './choose-snapshot.ts';
import { openSession, type Session, type SessionOptions } from './open-session.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

/** The part of an input that says which repository, and how it is locked. */
export interface ReadingInput extends SessionOptions {
  readonly repository: RepositoryChoice;
}

export interface SnapshotInput extends ReadingInput {
  /** `latest`, an id or its beginning, each with `:/folder` after it or not. */
  readonly wanted: string;
  readonly filter: SnapshotFilter;
}

/** `readsData`: of most files the content will be read, too. */
export interface OpenSnapshotOptions {
  readonly readsData?: boolean;
  /** Narrows the choice by what the repository holds. Default: the input's filter. */
  readonly narrow?: (repository: Repository) => Promise<SnapshotFilter>;
}

export interface OpenSnapshot extends Session, ChosenSnapshot {
  /** Of the subfolder. */
  readonly treeId: string;
}

/** Opens the repository, finds the snapshot and loads the index; disposing gives all back. */
export async function openSnapshot(
  workbench: Workbench,
  input: SnapshotInput,
  { readsData = false, narrow }: OpenSnapshotOptions = {},
): Promise<OpenSnapshot> {
  await using stack = new AsyncDisposableStack();
  const session = stack.use(await openSession(workbench, input.repository, input));
  const { repository } = session;
  const { wanted, signal } = input;
  const filter = (await narrow?.(repository)) ?? input.filter;
  const chosen = await chooseSnapshot(repository, wanted, {
    ...filter,
    signal,
    warn: workbench.warn,
    clock: workbench.clock,
  });
  const { summary } = chosen.snapshot;
  if (readsData) stack.use(repository.prepareReading(summary?.totalBytesProcessed ?? 0));
  await repository.loadIndex({ signal });
  const place = { rootTreeId: chosen.snapshot.tree, path: chosen.subfolder };
  const treeId = await findTree(repository, place, { signal });
  const held = stack.move();
  return { ...chosen, repository, treeId, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
