/** What a recovery sheet says of the repository. */
import { listKeys, type ListedKey } from '../../repository/keys.ts';
import type { StoredSnapshot } from '../../repository/repository.ts';
import { isComplete, matchesFilter } from '../choose-snapshot.ts';
import type { ReadingInput } from '../open-snapshot.ts';
import { openSession } from '../open-session.ts';
import type { Workbench } from '../workbench.ts';

export interface RecoveryFactsInput extends ReadingInput {
  readonly app: string;
  readonly hostname: string;
}

export interface RecoveryFacts {
  /** Those that can be read. */
  readonly keys: readonly ListedKey[];
  /** The one the password opened. */
  readonly keyId: string;
  readonly latestComplete: StoredSnapshot | undefined;
  /** What stock restic takes for `latest`, when that is not the complete one. */
  readonly latestOfRestic: StoredSnapshot | undefined;
  /** Snapshot files that cannot be read. */
  readonly damagedCount: number;
}

export async function readRecoveryFacts(
  workbench: Workbench,
  input: RecoveryFactsInput,
): Promise<RecoveryFacts> {
  const { app, hostname, signal } = input;
  await using session = await openSession(workbench, input.repository, input);
  const { repository } = session;
  const keys: ListedKey[] = [];
  for await (const key of listKeys(repository.backend, { signal })) keys.push(key);
  let damagedCount = 0;
  const all = await repository.loadSnapshots({ signal, onDamage: () => (damagedCount += 1) });
  const own = all.filter((stored) => matchesFilter(stored, { app, hosts: [hostname] }));
  const latestComplete = own.findLast(isComplete);
  const last = own.at(-1);
  return {
    keys: keys.filter(({ key }) => key !== undefined),
    keyId: repository.keyId,
    latestComplete,
    latestOfRestic: last?.id === latestComplete?.id ? undefined : last,
    damagedCount,
  };
}
