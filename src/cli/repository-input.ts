import type { SessionOptions } from '../operations/open-session.ts';
import type { RepositoryChoice, Workbench } from '../operations/workbench.ts';
import type { CommandContext } from './command-context.ts';

export interface RepositoryInput extends Omit<SessionOptions, 'lock'> {
  readonly repository: RepositoryChoice;
}

/** Which repository, its password, and how long to wait for its lock: what most commands begin with. */
export async function repositoryInput(
  context: CommandContext,
): Promise<{ workbench: Workbench; input: RepositoryInput }> {
  const settings = await context.settings();
  return {
    workbench: context.workbench(settings),
    input: {
      repository: await context.repositoryChoice(settings),
      lockWaitMs: context.lockWaitMs(),
      onLockWait: ({ message }) => context.output.warn(`${message}. Waiting …`),
      signal: context.signal,
    },
  };
}
