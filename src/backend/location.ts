/** What a person names a repository by: `-r`, `RESTIC_REPOSITORY`, `repository:` in the config. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';

export type RepositoryLocation = {
  readonly scheme: 'local';
  /** As written; the caller resolves a relative one against its own folder. */
  readonly path: string;
};

export const supportedSchemes = ['local'] as const;

/** restic's other schemes (internal/backend/all/all.go @ a80be14), which are no file names here. */
const RESTIC_SCHEMES = ['azure', 'b2', 'gs', 'rclone', 'rest', 's3', 'sftp', 'swift'];

/**
 * Accepts `/path`, `path` and `local:path`. As in restic a text without a known scheme is a path, so
 * a folder whose name holds a colon is written `local:…` or `./…` if it begins like a scheme.
 */
export function parseLocation(text: string): RepositoryLocation {
  if (text.trim() === '') throw invalid(text, 'it is empty');
  if (text.includes('\0')) throw invalid(text, 'it holds a NUL character');
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined) return local(text, text);
  if (scheme === 'local') return local(text, rest);
  if (RESTIC_SCHEMES.includes(scheme) || rest.startsWith('//')) {
    throw new KeepsakeError('BACKEND_SCHEME_UNSUPPORTED', { scheme, supported: supportedSchemes });
  }
  if (scheme.length === 1) throw invalid(text, 'it is a Windows path');
  return local(text, text);
}

function local(text: string, path: string): RepositoryLocation {
  if (path === '') throw invalid(text, 'the path is empty');
  if (path.startsWith('\\\\')) throw invalid(text, 'it is a Windows path');
  return { scheme: 'local', path };
}

function invalid(text: string, reason: string): KeepsakeError {
  return new KeepsakeError('BACKEND_LOCATION_INVALID', { text, reason });
}
