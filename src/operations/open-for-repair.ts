import { openSession, type Session, type SessionOptions } from './open-session.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

export interface RepairInput extends Omit<SessionOptions, 'lock'> {
  readonly repository: RepositoryChoice;
  readonly dryRun: boolean;
}

/** Reads the store itself, not the local cache. A dry run takes no exclusive lock. */
export function openForRepair(workbench: Workbench, input: RepairInput): Promise<Session> {
  const choice = { ...input.repository, cacheFolder: undefined };
  return openSession(workbench, choice, {
    ...input,
    lock: input.dryRun ? 'shared' : 'exclusive',
  });
}
