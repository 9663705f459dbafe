/**
 * Copies that update scripts leave beside an app: `/opt/wishlist.backup` of the community scripts,
 * `prod.db.pre-migration` and the like. They grow, and some scripts later put an old one back over
 * newer data.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodeRawName, fsPath } from '../../base/raw-name.ts';
import type { Leftover } from './guard-input.ts';

const OF_FOLDER = /^\.backup/;
const OF_DATABASE = /^\.(?:pre-|backup|bak$)|\.bak$/;

export function findLeftovers({
  root,
  databases,
}: {
  readonly root: string;
  readonly databases: readonly string[];
}): Leftover[] {
  const found = new Map<string, Leftover>();
  const look = (path: string, ending: RegExp): void => {
    for (const name of namesIn(dirname(path))) {
      const start = basename(path);
      if (!name.startsWith(`${start}.`) || !ending.test(name.slice(start.length))) continue;
      const at = join(dirname(path), name);
      found.set(at, { path: at, sizeBytes: sizeOf(at) });
    }
  };
  look(root, OF_FOLDER);
  for (const database of databases) look(database, OF_DATABASE);
  return [...found.values()];
}

function sizeOf(path: string): number {
  try {
    const stats = lstatSync(fsPath(path));
    if (!stats.isDirectory()) return stats.size;
    return namesIn(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch {
    return 0; // gone meanwhile
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(fsPath(folder), { encoding: 'buffer' }).map((name) => decodeRawName(name));
  } catch {
    return []; // absent, or not ours to read
  }
}
