/** From flags and config to the input of an import. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { chooseApp, resolveApp } from '../config/resolve-app.ts';
import type { ImportApp, ImportInput } from '../operations/import/import-input.ts';
import type { Workbench } from '../operations/workbench.ts';
import { appReferences, parseCompression, parseTags, parseTime } from './backup-flags.ts';
import type { CommandContext } from './command-context.ts';

export interface ImportFlags {
  readonly app?: string;
  readonly root?: string;
  readonly as?: string;
  readonly time?: string;
  readonly tag: readonly string[];
  readonly host?: string;
  readonly exclude: readonly string[];
  readonly dryRun?: boolean;
  readonly compression: string;
  readonly packSize?: string;
}

export async function readImportInput(
  context: CommandContext,
  files: readonly string[],
  flags: ImportFlags,
): Promise<{ workbench: Workbench; input: ImportInput }> {
  const { host, packSize, root, as, app, time, tag, exclude, dryRun } = flags;
  const settings = await context.settings({ host, packSize });
  if (root !== undefined && app !== undefined) {
    throw usage('--root is for files without an app; with --app its own root is taken');
  }
  if (as !== undefined && files.length > 1) throw usage('--as is for one file alone');
  const input: ImportInput = {
    repository: await context.repositoryChoice(settings),
    files: [...new Set(files.map((file) => context.path(file)))],
    app: root === undefined ? await findApp(context, app) : undefined,
    root: root === undefined ? undefined : context.path(root),
    as,
    time: time === undefined ? undefined : parseTime(time),
    hostname: settings.host ?? hostname(),
    tags: parseTags(tag),
    exclude,
    dryRun: dryRun === true,
    compression: parseCompression(flags.compression),
    packSizeBytes: settings.packSizeBytes,
    lockWaitMs: context.lockWaitMs(),
    signal: context.signal,
  };
  return { workbench: context.workbench(settings), input };
}

/** Without a config there is none, unless one is asked for. */
async function findApp(
  context: CommandContext,
  wanted: string | undefined,
): Promise<ImportApp | undefined> {
  const config = (await context.config()) ?? { apps: {} };
  if (wanted === undefined && Object.keys(config.apps).length === 0) return undefined;
  const app = resolveApp(config, chooseApp(config, wanted), { exists: existsSync });
  const { name, root, paths, databases } = app;
  return { name, root, paths, databases, references: appReferences(app) };
}

function usage(problem: string): KeepsakeError {
  return new KeepsakeError('CLI_USAGE', { problem, command: 'keepsake import' });
}
