/** The new password of `key add` and `key passwd`: from a file, a command, or asked for twice. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { resolvePassword } from '../config/repository-settings.ts';
import { askNewPassword, canAsk } from './ask-password.ts';
import type { CommandContext } from './command-context.ts';

export interface NewPasswordFlags {
  readonly newPasswordFile?: string;
  readonly newPasswordCommand?: string;
}

/** Throws `PASSWORD_EMPTY`, `PASSWORD_MISTYPED`, `PASSWORD_NEW_MISSING`, `SETTING_CONFLICT`. */
export async function readNewPassword(
  context: CommandContext,
  { newPasswordFile, newPasswordCommand }: NewPasswordFlags,
): Promise<string> {
  if (newPasswordFile !== undefined && newPasswordCommand !== undefined) {
    throw new KeepsakeError('SETTING_CONFLICT', {
      setting: 'new password',
      first: '--new-password-file',
      second: '--new-password-command',
    });
  }
  const flags = { passwordFile: newPasswordFile, passwordCommand: newPasswordCommand };
  const setting = resolvePassword(flags, {});
  if (setting !== undefined) {
    const password = await context.password(setting);
    if (password === '') throw new KeepsakeError('PASSWORD_EMPTY', {});
    return password;
  }
  if (!canAsk(context.host)) throw new KeepsakeError('PASSWORD_NEW_MISSING', {});
  return askNewPassword(context.host, 'new password');
}
