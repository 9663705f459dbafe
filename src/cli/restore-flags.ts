/** From flags to the input of a restore. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { RestoreInput } from '../operations/restore-input.ts';
import type { Workbench } from '../operations/workbench.ts';
import type { Overwrite } from '../snapshot/restore-options.ts';
import type { CommandContext } from './command-context.ts';
import { readingInput, snapshotFilter, type SnapshotFlags } from './snapshot-flags.ts';

export interface RestoreFlags extends SnapshotFlags {
  readonly target?: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly overwrite: string;
  readonly dryRun?: boolean;
  readonly verify?: boolean;
  /** Absent when neither `--sparse` nor `--no-sparse` is given. */
  readonly sparse?: boolean;
}

const OVERWRITE_RULES: readonly Overwrite[] = ['always', 'if-changed', 'never'];

export async function readRestoreInput(
  context: CommandContext,
  wanted: string,
  flags: RestoreFlags & { readonly target: string },
): Promise<{ workbench: Workbench; input: RestoreInput }> {
  const overwrite = parseOverwrite(flags.overwrite);
  const { workbench, reading } = await readingInput(context);
  const { include, exclude, dryRun, verify } = flags;
  const input: RestoreInput = {
    ...reading,
    wanted,
    filter: snapshotFilter(context, flags),
    target: context.path(flags.target),
    include,
    exclude,
    overwrite,
    dryRun: dryRun === true,
    verify: verify === true,
    sparse: flags.sparse !== false,
  };
  return { workbench, input };
}

function parseOverwrite(text: string): Overwrite {
  const rule = OVERWRITE_RULES.find((known) => known === text);
  if (rule !== undefined) return rule;
  const problem = `"${text}" is not one of ${OVERWRITE_RULES.join(', ')}`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--overwrite', problem });
}
