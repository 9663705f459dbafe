/** How many files a restore brings, takes away and changes: names, sizes and times, no content. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRawName, fsPath } from '../../base/raw-name.ts';
import { timeToNs } from '../../format/go-time.ts';
import { walkTree } from '../../snapshot/tree-walk.ts';
import type { OpenSnapshot } from '../open-snapshot.ts';
import type { SwapRoot } from './swap-units.ts';

export interface FileFact {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** By path in the snapshot. */
export type FileSurvey = ReadonlyMap<string, FileFact>;

export interface SurveyTotals {
  readonly fileCount: number;
  readonly sizeBytes: number;
}

/** Everything that is not a folder and that `select` takes. */
export async function surveySnapshot(
  { repository, treeId }: OpenSnapshot,
  select: (path: string) => { selected: boolean; descend: boolean },
  { signal }: { signal?: AbortSignal | undefined },
): Promise<FileSurvey> {
  const found = new Map<string, FileFact>();
  const descend = (path: string): boolean => select(path).descend;
  for await (const step of walkTree(repository, treeId, { signal, descend })) {
    if (step.phase !== 'leaf' || !select(step.path).selected) continue;
    const { size = 0, mtime } = step.node;
    found.set(step.path, {
      sizeBytes: size,
      modifiedMs: Number(timeToNs(mtime) / 1_000_000n),
    });
  }
  return found;
}

/** What cannot be read counts as not there: the plan is no place to fail. */
export function surveyLive(
  roots: readonly SwapRoot[],
  stays: (at: string, path: string) => boolean,
): FileSurvey {
  const found = new Map<string, FileFact>();
  for (const { at, path } of roots) surveyEntry({ at, path }, stays, found);
  return found;
}

function surveyEntry(
  { at, path }: { at: string; path: string },
  stays: (at: string, path: string) => boolean,
  found: Map<string, FileFact>,
): void {
  try {
    const stats = lstatSync(fsPath(at));
    if (!stats.isDirectory()) {
      found.set(path, { sizeBytes: stats.size, modifiedMs: Math.floor(stats.mtimeMs) });
      return;
    }
    for (const raw of readdirSync(fsPath(at), { encoding: 'buffer' })) {
      const name = decodeRawName(raw);
      const below = { at: join(at, name), path: join(path, name) };
      if (!stays(below.at, below.path)) surveyEntry(below, stays, found);
    }
  } catch {
    // Absent, gone meanwhile, or not ours to read.
  }
}

export function totalsBelow(survey: FileSurvey, folder: string): SurveyTotals | undefined {
  let fileCount = 0;
  let sizeBytes = 0;
  for (const [path, fact] of survey) {
    if (path !== folder && !path.startsWith(`${folder}/`)) continue;
    fileCount += 1;
    sizeBytes += fact.sizeBytes;
  }
  return fileCount === 0 ? undefined : { fileCount, sizeBytes };
}

export interface SurveyDifference {
  readonly come: number;
  readonly go: number;
  readonly change: number;
}

/** `skip`: databases and what lies beside them, which are counted by their rows. */
export function compareSurveys(
  { coming, now }: { coming: FileSurvey; now: FileSurvey },
  skip: (path: string) => boolean,
): SurveyDifference {
  let [come, go, change] = [0, 0, 0];
  for (const [path, fact] of coming) {
    if (skip(path)) continue;
    const live = now.get(path);
    if (live === undefined) come += 1;
    else if (live.sizeBytes !== fact.sizeBytes || live.modifiedMs !== fact.modifiedMs) change += 1;
  }
  for (const path of now.keys()) if (!skip(path) && !coming.has(path)) go += 1;
  return { come, go, change };
}
