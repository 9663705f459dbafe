import type { Settings } from '../config/environment.ts';
import type { CommandContext } from './command-context.ts';

/** Where the password is to be written for restic when no file holds it. */
const PASSWORD_FILE = '/root/restic-password';

/** As the recovery sheet says it. */
export function sheetPasswordFile(context: CommandContext, setting: Settings['password']): string {
  return setting?.kind === 'file' ? context.path(setting.path) : PASSWORD_FILE;
}
