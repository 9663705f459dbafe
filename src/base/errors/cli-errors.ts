import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

export const cliErrors = {
  CLI_USAGE: entry<{ problem: string; command: string }>({
    exit: ExitCode.usage,
    message: ({ problem }) => problem,
    hint: ({ command }) => `Nothing was done. See \`${command} --help\``,
    example: {
      problem: "unknown option '--dryrun' (did you mean --dry-run?)",
      command: 'keepsake backup',
    },
  }),
  CLI_FILE_UNREADABLE: entry<{ path: string; reason: string }>({
    exit: ExitCode.usage,
    message: ({ path, reason }) => `${path} cannot be read: ${reason}`,
    hint: () => 'Nothing was done. Check the path and who may read it.',
    example: { path: '/etc/keepsake/password', reason: 'ENOENT: no such file or directory' },
  }),
  CLI_FILE_EMPTY: entry<{ path: string }>({
    exit: ExitCode.usage,
    message: ({ path }) => `${path} is empty`,
    hint: () => 'Nothing was done. Write the value into the file.',
    example: { path: '/etc/keepsake/password' },
  }),
};
