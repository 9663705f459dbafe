/** The flags that say which snapshots are meant, and what commands that read have in common. */
import type { Command } from 'commander';
import type { SnapshotFilter } from '../operations/choose-snapshot.ts';
import type { ReadingInput } from '../operations/open-snapshot.ts';
import type { Workbench } from '../operations/workbench.ts';
import type { CommandContext } from './command-context.ts';
import { repositoryInput } from './repository-input.ts';

export interface SnapshotFlags {
  readonly host: readonly string[];
  readonly tag: readonly string[];
  readonly path: readonly string[];
  readonly app?: string;
}

export function addSnapshotFlags(command: Command): Command {
  return command
    .option('-H, --host <name>', 'only snapshots of this host (repeatable)', collect, [])
    .option(
      '--tag <tags>',
      'only with all of these tags, separated by commas (repeatable)',
      collect,
      [],
    )
    .option('--path <path>', 'only of this path (repeatable: of all of them)', collect, [])
    .option('--app <name>', 'only of this app');
}

/** For flags that may be given more than once. */
export function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

export function snapshotFilter(
  context: CommandContext,
  { host, tag, path, app }: SnapshotFlags,
): SnapshotFilter {
  return {
    app,
    hosts: host,
    tagLists: tag.map((list) => list.split(',').filter((name) => name !== '')),
    paths: path.map((each) => context.path(each)),
  };
}

/** Repository, password and lock, for a command that only reads. */
export async function readingInput(
  context: CommandContext,
): Promise<{ workbench: Workbench; reading: ReadingInput }> {
  const { workbench, input } = await repositoryInput(context);
  return { workbench, reading: { ...input, lock: context.readingLock() } };
}
