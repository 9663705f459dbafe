/** What a guard will copy, stop and run, told before anything is done. */
import { existsSync } from 'node:fs';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { databaseOfSidecar, hasDatabaseMagic } from '../../source/sqlite-files.ts';
import type { Workbench } from '../workbench.ts';
import { placesIn, type CodeVersions } from './change-journal.ts';
import type { ChangeMachine } from './change-machine.ts';
import { surveyLive, totalsBelow, type FileSurvey } from './file-survey.ts';
import { findLeftovers } from './find-leftovers.ts';
import type { GuardChoice, GuardInput, GuardPlan } from './guard-input.ts';
import { codeFolders, guardRoots } from './guard-roots.ts';
import type { PlanNote } from './in-place-input.ts';
import { freeSpaceNear, plannedService, SPARE_BYTES } from './planned-service.ts';
import { isSameOrBelow, placeFolders, realPath, type SwapRoots } from './swap-roots.ts';
import type { SwapRoot } from './swap-units.ts';
import { whatStays } from './what-stays.ts';

export interface GuardPlanContext {
  readonly workbench: Workbench;
  readonly machine: ChangeMachine;
  readonly input: GuardInput;
  readonly choice: GuardChoice;
  readonly id: string;
  /** Keepsake's own, which is neither copied nor moved. */
  readonly own: readonly string[];
}

/** Throws `CHANGE_SERVICE_UNFIT`, `GUARD_NO_DATABASE`. Changes nothing. */
export async function planGuard(context: GuardPlanContext): Promise<GuardPlan> {
  const { machine, input, choice } = context;
  const { app, kind, part, signal } = input;
  const isPart = part === 'database';
  const whole = isPart ? [] : codeFolders(app, existsSync);
  const found = rootsOf(context, whole);
  const survey = surveyLive(found.roots, await staysIn(context, { whole, found }));
  const databases = databasesOf(app, found.roots, survey);
  const service = await plannedService(machine, app, { signal });
  return {
    app,
    kind,
    part,
    steps: choice.steps,
    version: choice.version,
    paths: found.roots.map(({ path, at }) => ({
      path,
      at,
      found: totalsBelow(survey, path),
      isWhole: whole.some((folder) => isSameOrBelow(path, folder)),
    })),
    places: await spaceFor(found, survey),
    service,
    healthUrl: app.health?.url,
    notes: notesOf(context, { databases, hasService: service !== undefined, whole, found }),
    leftovers: findLeftovers({ root: app.root, databases: app.databases }),
    roots: found.roots,
    whole,
    code: await codeOf(input, whole),
    databases,
  };
}

/** Those among what is protected that hold nothing of the app's, as far as the config tells. */
function unprotectedMounts({ roots }: SwapRoots, mountPoints: ReadonlySet<string>): string[] {
  const isRoot = (mount: string): boolean => roots.some(({ at }) => at === mount);
  const isInside = (mount: string): boolean => roots.some(({ at }) => isSameOrBelow(mount, at));
  return [...mountPoints].filter((mount) => isInside(mount) && !isRoot(mount)).sort();
}

function rootsOf({ machine, input, id }: GuardPlanContext, whole: readonly string[]): SwapRoots {
  const { app, part } = input;
  const mountPoints = machine.mountPoints();
  if (part === 'all') return guardRoots({ id, app, mountPoints, whole });
  const { databases } = app;
  if (databases.length === 0) throw new KeepsakeError('GUARD_NO_DATABASE', { app: app.name });
  return guardRoots({ id, app, mountPoints, whole, databases });
}

async function staysIn(
  { machine, input, own }: GuardPlanContext,
  { whole, found }: { whole: readonly string[]; found: SwapRoots },
) {
  const { exclude, paths } = input.app;
  const mountPoints = machine.mountPoints();
  const folders = placeFolders([...paths, ...found.roots.map(({ path }) => path)], mountPoints);
  const others = await placesIn(machine.files, folders);
  return whatStays({ exclude, mountPoints, own: [...own, ...others], whole }).stays;
}

/** Those of the config, else the app's that begin as one; code may bring some of its own. */
function databasesOf(
  { databases, paths, code }: ResolvedApp,
  roots: readonly SwapRoot[],
  survey: FileSurvey,
): string[] {
  if (databases.length > 0) return databases.map(realPath);
  const isData = (path: string): boolean =>
    paths.some((each) => isSameOrBelow(path, each)) &&
    (code === undefined || !isSameOrBelow(path, code.folder));
  const found: string[] = [];
  for (const path of survey.keys()) {
    if (!isData(path) || databaseOfSidecar(path) !== undefined) continue;
    const root = roots.find((each) => isSameOrBelow(path, each.path));
    const at = root === undefined ? path : root.at + path.slice(root.path.length);
    if (beginsAsDatabase(at)) found.push(at);
  }
  return found;
}

function beginsAsDatabase(path: string): boolean {
  try {
    return hasDatabaseMagic(path);
  } catch {
    return false; // gone, or no file
  }
}

async function spaceFor({ roots, places }: SwapRoots, survey: FileSurvey) {
  const planned = [];
  for (const place of places) {
    let neededBytes = SPARE_BYTES;
    for (const root of roots.filter((each) => each.place === place.path)) {
      neededBytes += totalsBelow(survey, root.path)?.sizeBytes ?? 0;
    }
    planned.push({ ...place, neededBytes, freeBytes: await freeSpaceNear(place.path) });
  }
  return planned;
}

async function codeOf(
  { commitOf }: GuardInput,
  [folder]: readonly string[],
): Promise<CodeVersions | undefined> {
  if (folder === undefined || !existsSync(fsPath(`${folder}/.git`))) return undefined;
  const from = await commitOf(folder);
  return from === undefined ? undefined : { folder, from };
}

function notesOf(
  { machine, input }: GuardPlanContext,
  {
    databases,
    hasService,
    whole,
    found,
  }: {
    databases: readonly string[];
    hasService: boolean;
    whole: readonly string[];
    found: SwapRoots;
  },
): PlanNote[] {
  const { app, part } = input;
  const notes: PlanNote[] = [];
  const warn = (message: string): number => notes.push({ kind: 'warning', message });
  if (part === 'database') {
    warn('only the database is protected: files and code stay as the command leaves them');
  } else if (whole.length === 0) {
    notes.push({
      kind: 'note',
      message: 'the config names no code: only the paths above go back if the command fails',
    });
  }
  for (const mount of unprotectedMounts(found, machine.mountPoints())) {
    warn(`${mount} is another file system and is not protected: what is done there stays`);
  }
  if (databases.length === 0) warn('no database is known: none is checked afterwards');
  if (!hasService) warn('the config names no service: stop the app yourself before going on');
  if (app.health === undefined) {
    warn('the config names no health check: whether the app is well afterwards is not asked');
  }
  return notes;
}
