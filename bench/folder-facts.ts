/** What lies below a folder. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface FolderFacts {
  readonly files: number;
  readonly bytes: number;
}

export function folderFacts(folder: string): FolderFacts {
  const paths = filesBelow(folder);
  return {
    files: paths.length,
    bytes: paths.reduce((sum, path) => sum + lstatSync(path).size, 0),
  };
}

/** Paths of the regular files. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
