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
  CLI_FILE_UNWRITABLE: entry<{ path: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ path, reason }) => `${path} cannot be written: ${reason}`,
    hint: () =>
      'A file that stood there before is as it was; the repository was not changed. Make room there, or name another file.',
    example: { path: '/srv/out.tar', reason: 'ENOSPC: no space left on device, write' },
  }),
  CLI_OUTPUT_CLOSED: entry<object>({
    exit: ExitCode.failed,
    message: () => 'the program that read the output has ended',
    hint: () => 'The output is not complete; the repository was not changed by that.',
    example: {},
  }),
  CLI_OUTPUT_FAILED: entry<{ reason: string }>({
    exit: ExitCode.failed,
    message: ({ reason }) => `the output could not be written: ${reason}`,
    hint: () =>
      'The output is not complete, what the command did is done. Free some space where it goes, or write it elsewhere.',
    example: { reason: 'ENOSPC: no space left on device, write' },
  }),
};
