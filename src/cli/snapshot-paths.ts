import { posix } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';

/** A path inside a snapshot, as a person types it; throws unless it begins with `/`. */
export function snapshotPath(text: string, command: string): string {
  if (!text.startsWith('/')) {
    const problem = `"${text}" must begin with "/": paths in a snapshot are absolute`;
    throw new KeepsakeError('CLI_USAGE', { problem, command });
  }
  const path = posix.normalize(text);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
