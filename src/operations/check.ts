/** `check`: looks for damage, without the local cache, so that the store itself is read. */
import { checkRepository, type CheckEvent } from '../repository/check.ts';
import type { Subset } from '../repository/check-pack-data.ts';
import { openSession, type SessionOptions } from './open-session.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

export interface CheckInput extends SessionOptions {
  readonly repository: RepositoryChoice;
  /** Absent: only the structure is checked. */
  readonly readData?: Subset | undefined;
}

export async function* check(workbench: Workbench, input: CheckInput): AsyncGenerator<CheckEvent> {
  const choice = { ...input.repository, cacheFolder: undefined };
  await using session = await openSession(workbench, choice, input);
  const { readData, signal } = input;
  yield* checkRepository(session.repository, { readData, signal });
}
