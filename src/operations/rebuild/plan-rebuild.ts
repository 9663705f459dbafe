/** What a rebuild will do, told before anything is done. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { equalBytes } from '../../base/bytes.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import { timeToNs } from '../../format/go-time.ts';
import { freeSpace } from '../../host/file-system.ts';
import { findNode } from '../../snapshot/find-node.ts';
import { surveySnapshot, totalsBelow, type FileFact } from '../in-place/file-survey.ts';
import type { PlannedPlace, PlanNote } from '../in-place/in-place-input.ts';
import { SPARE_BYTES } from '../in-place/planned-service.ts';
import { selectIn } from '../in-place/stage-snapshot.ts';
import { findFilledRoots } from '../in-place/filled-roots.ts';
import { isSameOrBelow, placeFolders, realPath, type SwapRoots } from '../in-place/swap-roots.ts';
import { INCOMPLETE_TAGS } from '../choose-snapshot.ts';
import type { OpenSnapshot } from '../open-snapshot.ts';
import type { Workbench } from '../workbench.ts';
import type { Origin } from './choose-rebuild.ts';
import { findTargets } from './find-targets.ts';
import { planAccounts } from './plan-accounts.ts';
import type { Leftovers, RebuildJournal } from './rebuild-journal.ts';
import type { RebuildInput, RebuildPlan, PlannedCode, PlannedPassword } from './rebuild-input.ts';
import type { RebuildMachine } from './rebuild-machine.ts';

export interface RebuildContext {
  readonly workbench: Workbench;
  readonly machine: RebuildMachine;
  readonly open: OpenSnapshot;
  readonly input: RebuildInput;
  readonly origin: Origin;
  readonly id: string;
}

export interface PlannedRebuild {
  readonly plan: RebuildPlan;
  readonly roots: SwapRoots['roots'];
  /** Of the same rebuild, cut off after all was made ready: to be finished. */
  readonly unfinished: RebuildJournal | undefined;
  /** Of any that were cut off before that: worth nothing. */
  readonly leftovers: readonly RebuildJournal[];
}

/** Throws `REBUILD_NOT_EMPTY`, `REBUILD_UNFINISHED`; changes nothing. */
export async function planRebuild(
  context: RebuildContext,
  leftovers: Leftovers,
): Promise<PlannedRebuild> {
  const { machine, open, origin, input, workbench } = context;
  const { app } = origin;
  const unfinished = findUnfinished(context, leftovers);
  const { roots, places } = unfinished ?? (await findRoots(context, leftovers));
  const survey = await surveyPlaces(context, { roots, places });
  const { snapshot, id } = open;
  const plan: RebuildPlan = {
    app,
    stored: { id, snapshot },
    ageMs: workbench.clock.now().getTime() - Number(timeToNs(snapshot.time) / 1_000_000n),
    location: input.repository.location,
    configuredLocation: origin.config.repository,
    hostDiffers: origin.config.host === undefined && snapshot.hostname !== machine.hostname,
    paths: survey.paths,
    places: survey.places,
    accounts: planAccounts(origin.machine, machine.accounts.tables()),
    isRoot: machine.isRoot,
    config: await planConfig(origin, survey),
    password: await planPassword(context, survey),
    unitFile: survey.files.find((path) => basename(path) === app.service?.systemd),
    code: planCode(origin, { ...survey, covered: snapshot.paths }),
    resumes: unfinished?.startedAt,
    notes: notesOf(context),
  };
  const worthless = leftovers.journals.filter(({ step }) => step === 'stage');
  return { plan, roots, unfinished, leftovers: worthless };
}

/** Where places of an earlier try may be: beside whatever was not there then. */
export function foldersToLookIn({ machine, open, origin }: RebuildContext): Set<string> {
  const paths = [...open.snapshot.paths, origin.machine.config.path];
  const folders = placeFolders(paths, machine.mountPoints());
  for (const path of paths) {
    for (let at = realPath(path); at !== '/'; at = dirname(at)) folders.add(dirname(at));
  }
  return folders;
}

function findUnfinished(
  { open, origin }: RebuildContext,
  { journals }: Leftovers,
): RebuildJournal | undefined {
  const placing = journals.filter(({ step }) => step !== 'stage');
  const own = placing.find(({ snapshot }) => snapshot === open.id);
  const other = placing.find(({ app }) => app === origin.app.name);
  if (own !== undefined || other === undefined) return own;
  const { app, snapshot, startedAt } = other;
  throw new KeepsakeError('REBUILD_UNFINISHED', { app, snapshot, startedAt });
}

async function findRoots(
  { machine, open, origin, input, id }: RebuildContext,
  leftovers: Leftovers,
): Promise<SwapRoots> {
  const { signal } = input;
  const mountPoints = machine.mountPoints();
  const own = leftovers.journals.flatMap(({ places }) => places.map(({ path }) => path));
  const ignored = new Set([...own, ...leftovers.empty]);
  const { wanted, inTheWay } = await findTargets({
    reader: open.repository,
    snapshot: open.snapshot,
    databases: origin.manifest.databases.map(({ path }) => path),
    mountPoints,
    ignored,
    signal,
  });
  const configPath = origin.machine.config.path;
  const isConfigOther =
    existsSync(fsPath(configPath)) && !inTheWay.includes(configPath) && !(await hasConfig(origin));
  const paths = [...inTheWay, ...(isConfigOther ? [`${configPath} (another text)`] : [])];
  if (paths.length > 0) {
    const details = { app: origin.app.name, paths, snapshot: open.id };
    throw new KeepsakeError('REBUILD_NOT_EMPTY', details);
  }
  const roots = wanted.map((path) => ({ path, within: path }));
  return findFilledRoots(open, { id, wanted: roots, mountPoints }, { signal });
}

interface PlaceSurvey extends Pick<RebuildPlan, 'paths' | 'places'> {
  readonly files: readonly string[];
}

async function surveyPlaces(
  { open, input }: RebuildContext,
  { roots, places }: SwapRoots,
): Promise<PlaceSurvey> {
  const { signal } = input;
  const planned: PlannedPlace[] = [];
  const coming = new Map<string, FileFact>();
  for (const place of places) {
    let neededBytes = SPARE_BYTES;
    for (const [path, fact] of await surveySnapshot(open, selectIn(place, roots), { signal })) {
      coming.set(path, fact);
      neededBytes += fact.sizeBytes;
    }
    const freeBytes = await freeSpace(dirname(place.path));
    planned.push({ ...place, neededBytes, freeBytes });
  }
  const paths: RebuildPlan['paths'][number][] = [];
  for (const path of open.snapshot.paths) {
    const totals = totalsBelow(coming, path);
    const place = { rootTreeId: open.snapshot.tree, path };
    const found = totals ?? (await findNode(open.repository, place, { signal }));
    if (found !== undefined) paths.push({ path, ...(totals ?? { fileCount: 0, sizeBytes: 0 }) });
  }
  return { paths, places: planned, files: [...coming.keys()] };
}

async function hasConfig({ machine, configBytes }: Origin): Promise<boolean> {
  try {
    return equalBytes(await readFile(fsPath(machine.config.path)), configBytes);
  } catch {
    return false;
  }
}

async function planConfig(origin: Origin, { files }: PlaceSurvey): Promise<RebuildPlan['config']> {
  const { path } = origin.machine.config;
  if (files.includes(path)) return { path, state: 'comes' };
  return { path, state: (await hasConfig(origin)) ? 'same' : 'write' };
}

async function planPassword(
  { origin, input }: RebuildContext,
  { files }: PlaceSurvey,
): Promise<PlannedPassword> {
  const { passwordFile: path, passwordCommand } = origin.config;
  const { password } = input.repository;
  if (path === undefined) {
    return { state: passwordCommand === undefined ? 'none' : 'command', path };
  }
  if (files.includes(path)) return { state: 'comes', path };
  try {
    const text = await readFile(fsPath(path), 'utf8');
    return { state: text.trim() === password ? 'same' : 'other', path };
  } catch {
    // As it is read again, without white space around it.
    return { state: password === password.trim() ? 'write' : 'unfit', path };
  }
}

function planCode(
  { app, manifest, machine }: Origin,
  { covered, files }: { covered: readonly string[]; files: readonly string[] },
): PlannedCode | undefined {
  if (app.service?.docker !== undefined) return undefined;
  const folder = app.code?.folder ?? app.workingDirectory;
  return {
    folder,
    isInBackup: covered.some((path) => isSameOrBelow(folder, path)),
    holdsFiles: files.some((path) => isSameOrBelow(path, folder)),
    origin: machine.code?.origin,
    commit: machine.code?.commit,
    version: manifest.appVersion,
    build: app.code?.build ?? [],
  };
}

function notesOf({ open, machine, origin }: RebuildContext): PlanNote[] {
  const notes: PlanNote[] = [];
  const warn = (message: string): number => notes.push({ kind: 'warning', message });
  for (const tag of open.snapshot.tags ?? []) {
    if (INCOMPLETE_TAGS.has(tag)) warn(`the snapshot is tagged "${tag}": it is no complete backup`);
  }
  if (!machine.isRoot) {
    warn('without root no user is made, and all files will belong to you');
  }
  const { owner } = origin.app;
  const [user = ''] = owner?.split(':') ?? [];
  const known = ['', 'root', '0', ...origin.machine.users.map(({ name }) => name)];
  if (!known.includes(user) && !machine.accounts.tables().users.idOf.has(user)) {
    warn(`what the user ${user} was on the other machine is not known: files keep their numbers`);
  }
  return notes;
}
