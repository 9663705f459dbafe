/** What lies among the app's files and is not replaced with them. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decodeRawName, fsPath } from '../../base/raw-name.ts';
import { compileExcludes } from '../../source/excludes.ts';
import { sidecarsOf } from '../../sqlite/database-file.ts';
import { PLACE_NAME } from './change-journal.ts';
import { isSameOrBelow } from './swap-roots.ts';
import type { SwapPlanning } from './swap-units.ts';

export interface StayRules {
  /** The app's patterns: what no backup holds no restore brings back. */
  readonly exclude: readonly string[];
  readonly mountPoints: ReadonlySet<string>;
  /** Real paths of Keepsake's own: repository, state, scratch. */
  readonly own: readonly string[];
  /** Folders with all that is in them, whatever `exclude` says: an app's code. */
  readonly whole?: readonly string[] | undefined;
  /** Where databases are that are replaced: no pattern leaves these out, nor their sidecars. */
  readonly databases?: readonly string[] | undefined;
}

export function whatStays({
  exclude,
  mountPoints,
  own,
  whole = [],
  databases = [],
}: StayRules): Pick<SwapPlanning, 'stays' | 'holdsWhatStays'> {
  const excluded = compileExcludes({ patterns: [...exclude] });
  const fixed = new Set([...mountPoints, ...own]);
  const isWhole = (path: string): boolean => whole.some((folder) => isSameOrBelow(path, folder));
  const replaced = new Set([...databases, ...databases.flatMap(sidecarsOf)]);
  const isLeftOut = (at: string, path: string): boolean =>
    excluded.matches(path) && !isWhole(path) && !replaced.has(at);
  const stays = (at: string, path: string): boolean =>
    fixed.has(at) || PLACE_NAME.test(basename(at)) || isLeftOut(at, path);
  const holdsWhatStays = (at: string, path: string): boolean => {
    const isFixedBelow = [...fixed].some((each) => each.startsWith(`${at}/`));
    if (isFixedBelow) return true;
    if (exclude.length === 0 || isWhole(path)) return false;
    return anyBelow(at, path, stays);
  };
  return { stays, holdsWhatStays };
}

function anyBelow(at: string, path: string, stays: SwapPlanning['stays']): boolean {
  const folders: { at: string; path: string }[] = [];
  for (const entry of readdirSync(fsPath(at), { withFileTypes: true, encoding: 'buffer' })) {
    const name = decodeRawName(entry.name);
    const below = { at: join(at, name), path: join(path, name) };
    if (stays(below.at, below.path)) return true;
    if (entry.isDirectory()) folders.push(below);
  }
  return folders.some((folder) => anyBelow(folder.at, folder.path, stays));
}
