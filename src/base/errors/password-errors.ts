import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

const UNTOUCHED = 'Nothing was written.';

export const passwordErrors = {
  PASSWORD_EMPTY: entry<object>({
    exit: ExitCode.usage,
    message: () => 'the new password is empty',
    hint: () =>
      `${UNTOUCHED} With an empty password the backup would be open to everybody who gets hold of it; choose one.`,
    example: {},
  }),
  PASSWORD_MISTYPED: entry<object>({
    exit: ExitCode.usage,
    message: () => 'the two passwords are not the same',
    hint: () => `${UNTOUCHED} Run the command again and type the same password twice.`,
    example: {},
  }),
  PASSWORD_NEW_MISSING: entry<object>({
    exit: ExitCode.usage,
    message: () => 'no new password is given, and there is no terminal to ask at',
    hint: () => `${UNTOUCHED} Give it with --new-password-file or --new-password-command.`,
    example: {},
  }),
};
