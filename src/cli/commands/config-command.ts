import type { Command } from 'commander';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import { CONFIG_SEARCH } from '../../config/environment.ts';
import type { Config } from '../../config/schema.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';

const HELP = exitStatusHelp({ repository: false });

export const defineConfig: DefineCommand = (program, run) => {
  const config = program
    .command('config')
    .description('the configuration file')
    .addHelpText('after', exitStatusHelp({ repository: false }));
  config
    .command('check')
    .description('say what is wrong with it, or what would be backed up')
    .addHelpText('after', HELP)
    .action((_: object, command: Command) => run(command, check));
  config
    .command('show')
    .description('print it as Keepsake understands it, defaults filled in')
    .addHelpText('after', HELP)
    .action((_: object, command: Command) => run(command, show));
  config
    .command('schema')
    .description('print its JSON Schema, for editors')
    .addHelpText('after', HELP)
    .action((_: object, command: Command) => run(command, schema));
};

async function check(context: CommandContext): Promise<ExitCode> {
  const { checkApps } = await import('../../operations/check-config.ts');
  const { renderConfigVerdict } = await import('../render-config-check.ts');
  const config = await requireConfig(context);
  const settings = await context.settings();
  const isFine = renderConfigVerdict(context.output, {
    fileName: config.fileName,
    settings,
    verdict: await checkApps(config),
  });
  return isFine ? ExitCode.ok : ExitCode.usage;
}

async function show(context: CommandContext): Promise<ExitCode> {
  const config = await requireConfig(context);
  const { configInWords, renderConfig } = await import('../../config/render-config.ts');
  const { output } = context;
  if (!output.json) output.raw(renderConfig(config));
  output.emit({ message_type: 'config', file: config.fileName, config: configInWords(config) });
  return ExitCode.ok;
}

async function schema(context: CommandContext): Promise<ExitCode> {
  const { configJsonSchemaText } = await import('../../config/config-json-schema.ts');
  context.output.raw(configJsonSchemaText());
  return ExitCode.ok;
}

async function requireConfig(context: CommandContext): Promise<Config> {
  const config = await context.config();
  if (config !== undefined) return config;
  throw new KeepsakeError('CONFIG_MISSING', { searched: CONFIG_SEARCH });
}
