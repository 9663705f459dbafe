import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

export const generalErrors = {
  INTERNAL: entry<{ what: string }>({
    exit: ExitCode.failed,
    message: ({ what }) => `Keepsake has a bug: ${what}`,
    hint: () =>
      'Whether the repository is sound tells `keepsake check`. Run the command again with --debug and report what it prints.',
    example: { what: 'a pack was closed twice' },
  }),
  CANCELLED: entry<{ reason: string }>({
    exit: ExitCode.cancelled,
    message: ({ reason }) => `cancelled: ${reason}`,
    hint: () =>
      'Nothing half-finished is visible, and older snapshots are as they were. Run the command again when ready.',
    example: { reason: 'Ctrl-C' },
  }),
};
