import type { Command } from 'commander';
import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';

const REPOSITORY_VERSIONS = [1, 2];

export const defineVersion: DefineCommand = (program, run) => {
  program
    .command('version')
    .description('print the versions of Keepsake and of what it is built on')
    .addHelpText('after', exitStatusHelp({ repository: false }))
    .action((_: object, command: Command) => run(command, version));
};

function version({ host, output }: CommandContext): Promise<ExitCode> {
  const { keepsakeVersion } = host.workbench;
  const { node, sqlite = 'unknown', zstd = 'unknown' } = process.versions;
  output.print(
    `keepsake ${keepsakeVersion} (repository format ${REPOSITORY_VERSIONS.join(' and ')})`,
  );
  output.print(
    `Node ${node} on ${process.platform} ${process.arch}, SQLite ${sqlite}, zstd ${zstd}`,
  );
  output.emit({
    message_type: 'version',
    version: keepsakeVersion,
    repository_versions: REPOSITORY_VERSIONS,
    node_version: node,
    os: process.platform,
    arch: process.arch,
    sqlite_version: sqlite,
    zstd_version: zstd,
  });
  return Promise.resolve(ExitCode.ok);
}
