/** `check`: looks for damage, without the local cache, so that the store itself is read. */
import { checkRepository, type CheckEvent, type CheckSummary } from '../repository/check.ts';
import type { Subset } from '../repository/check-pack-data.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { isComplete } from './choose-snapshot.ts';
import { openSession, type SessionOptions } from './open-session.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

export interface CheckInput extends SessionOptions {
  readonly repository: RepositoryChoice;
  /** Absent: only the structure is checked. */
  readonly readData?: Subset | undefined;
}

export interface CheckVerdict extends CheckSummary {
  /** The newest complete backup that is whole: what to restore while damage is about. */
  readonly newestWhole: StoredSnapshot | undefined;
}

export type CheckNews =
  | Exclude<CheckEvent, { type: 'summary' }>
  | { readonly type: 'summary'; readonly summary: CheckVerdict };

export async function* check(workbench: Workbench, input: CheckInput): AsyncGenerator<CheckNews> {
  const choice = { ...input.repository, cacheFolder: undefined };
  await using session = await openSession(workbench, choice, input);
  const { readData, signal } = input;
  for await (const event of checkRepository(session.repository, { readData, signal })) {
    if (event.type !== 'summary') {
      yield event;
      continue;
    }
    const { summary } = event;
    yield {
      type: 'summary',
      summary: { ...summary, newestWhole: summary.whole.findLast(isComplete) },
    };
  }
}
