import { readFile } from 'node:fs/promises';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';

/**
 * The text of a password or repository file, without white space around it: just as restic reads
 * them, so that one file serves both (restic internal/global, loadPasswordFromFile).
 */
export async function readSettingFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = describeCause(error);
    throw new KeepsakeError('CLI_FILE_UNREADABLE', { path, reason }, { cause: error });
  }
  const value = text.trim();
  if (value === '') throw new KeepsakeError('CLI_FILE_EMPTY', { path });
  return value;
}
