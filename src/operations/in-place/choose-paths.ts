/** Which paths of the app a restore of a snapshot replaces. */
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { StoredSnapshot } from '../../repository/repository.ts';
import type { Manifest } from '../../snapshot/manifest.ts';
import type { ChangePart } from './change-journal.ts';
import type { PlanNote } from './in-place-input.ts';
import { isSameOrBelow, type WantedPath } from './swap-roots.ts';

export interface PathChoice {
  readonly wanted: readonly WantedPath[];
  /** As in the snapshot. */
  readonly databases: readonly string[];
  readonly notes: readonly PlanNote[];
}

export interface PathsRequest {
  readonly app: ResolvedApp;
  readonly part: ChangePart;
  readonly stored: StoredSnapshot;
  readonly manifest: Manifest | undefined;
  /** Whether the snapshot holds something there. */
  readonly holds: (path: string) => Promise<boolean>;
}

/** Throws `CHANGE_SNAPSHOT_UNFIT`, `SETTING_INVALID`. */
export async function choosePaths(request: PathsRequest): Promise<PathChoice> {
  const { app, part, stored, manifest } = request;
  const isDatabaseOnly = stored.snapshot.tags?.includes('database-only') === true;
  if (isDatabaseOnly && part !== 'database') {
    throw unfit(stored, 'it holds only the database; `--only database` restores that');
  }
  const found = (manifest?.databases ?? []).map(({ path }) => path);
  const databases = (app.databases.length > 0 ? app.databases : found).filter((path) =>
    app.paths.some((folder) => isSameOrBelow(path, folder)),
  );
  if (part === 'uploads') return { ...(await chooseUploads(request)), databases: [] };
  for (const path of databases) {
    if (!(await request.holds(path))) throw unfit(stored, `it has no ${path}`);
  }
  if (part === 'all') return { ...choose(request, app.paths), databases };
  if (databases.length === 0) throw unfit(stored, 'it names no database of the app');
  return { ...choose(request, databases), databases };
}

async function chooseUploads(request: PathsRequest): Promise<Omit<PathChoice, 'databases'>> {
  const { app, stored, holds } = request;
  const folders = [...new Set(app.references.map(({ folder }) => folder))];
  if (folders.length === 0) {
    const problem =
      'uploads: the config names no `references`, so which folders they are is not known';
    throw new KeepsakeError('SETTING_INVALID', { name: '--only', problem });
  }
  for (const folder of folders) {
    if (!(await holds(folder))) throw unfit(stored, `it has no ${folder}`);
  }
  return choose(request, folders);
}

function choose(
  { app, stored, part }: PathsRequest,
  paths: readonly string[],
): Omit<PathChoice, 'databases'> {
  const covered = stored.snapshot.paths;
  const isCovered = (path: string): boolean => covered.some((each) => isSameOrBelow(path, each));
  const notes: PlanNote[] = [];
  for (const path of paths.filter((each) => !isCovered(each))) {
    notes.push({ kind: 'note', message: `${path} was not backed up then: it stays as it is` });
  }
  const others = covered.filter(
    (path) => !app.paths.some((each) => isSameOrBelow(path, each) || isSameOrBelow(each, path)),
  );
  if (part === 'all') {
    for (const path of others) {
      notes.push({ kind: 'note', message: `${path} is in the snapshot, but no path of the app` });
    }
  }
  const wanted = paths.filter(isCovered).map((path) => ({ path, within: pathOfApp(app, path) }));
  if (wanted.length === 0) throw unfit(stored, `it holds none of the paths of ${app.name}`);
  return { wanted, notes };
}

/** The path of the config that it lies in. */
export function pathOfApp({ paths }: Pick<ResolvedApp, 'paths'>, path: string): string {
  return paths.find((folder) => isSameOrBelow(path, folder)) ?? path;
}

function unfit({ id }: StoredSnapshot, why: string): KeepsakeError {
  return new KeepsakeError('CHANGE_SNAPSHOT_UNFIT', { snapshot: id, why });
}
