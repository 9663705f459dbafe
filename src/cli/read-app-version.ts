import { readFileSync } from 'node:fs';

/**
 * The app's version: field `version` of a `package.json`, else the first line of the file.
 * `undefined` when it cannot be told: the version only informs, so it never fails a backup.
 */
export function readAppVersion(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const version: unknown = file.endsWith('.json')
      ? (JSON.parse(text) as { version?: unknown }).version
      : text.split('\n')[0]?.trim();
    return typeof version === 'string' && version !== '' ? version : undefined;
  } catch {
    return undefined;
  }
}
