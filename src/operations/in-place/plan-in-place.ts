/** What a restore in place will do, told before anything is done. */
import { timeToNs } from '../../format/go-time.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { resolveOwner } from '../../host/tree-owner.ts';
import { findNode } from '../../snapshot/find-node.ts';
import { loadManifest } from '../../snapshot/load-manifest.ts';
import type { Manifest } from '../../snapshot/manifest.ts';
import { databaseOfSidecar } from '../../source/sqlite-files.ts';
import { loadProofs } from '../drill/proof-snapshot.ts';
import type { OpenSnapshot } from '../open-snapshot.ts';
import type { Workbench } from '../workbench.ts';
import type { ChangeMachine } from './change-machine.ts';
import { endedChanges } from './change-records.ts';
import { choosePaths, type PathChoice } from './choose-paths.ts';
import {
  compareSurveys,
  surveyLive,
  surveySnapshot,
  totalsBelow,
  type FileFact,
} from './file-survey.ts';
import type {
  InPlaceInput,
  InPlacePlan,
  PlanNote,
  PlannedPlace,
  PlannedTable,
} from './in-place-input.ts';
import {
  compareRows,
  newestMigrationOf,
  readLiveContents,
  type LiveContents,
} from './row-survey.ts';
import { freeSpaceNear, plannedService, SPARE_BYTES } from './planned-service.ts';
import { findFilledRoots } from './filled-roots.ts';
import { selectIn } from './stage-snapshot.ts';
import { realPath, type SwapRoots } from './swap-roots.ts';
import { whatStays } from './what-stays.ts';

/** A snapshot that is not a complete backup says so by a tag. */
const DOUBTFUL_TAGS = ['partial', 'damaged', 'unverified'];

export interface PlanContext {
  readonly workbench: Workbench;
  readonly machine: ChangeMachine;
  readonly open: OpenSnapshot;
  readonly input: InPlaceInput;
  readonly id: string;
}

/** Throws what makes the restore impossible; changes nothing. */
export async function planInPlace(context: PlanContext): Promise<InPlacePlan> {
  const { workbench, open, input } = context;
  const { app, part, signal } = input;
  if (app.owner !== undefined) resolveOwner(app.owner);
  const { id: snapshotId, snapshot, repository } = open;
  const stored = { id: snapshotId, snapshot };
  const manifest = await loadManifest(repository, snapshot.tree, { signal });
  const holds = async (path: string): Promise<boolean> =>
    (await findNode(repository, { rootTreeId: snapshot.tree, path }, { signal })) !== undefined;
  const choice = await choosePaths({ app, part, stored, manifest, holds });
  const { wanted } = choice;
  const mountPoints = context.machine.mountPoints();
  const found = await findFilledRoots(open, { id: context.id, wanted, mountPoints }, { signal });
  const service = await plannedService(context.machine, app, { signal });
  const files = await surveyFiles(context, found);
  const rows = await surveyRows(context, choice, manifest);
  return {
    app,
    part,
    live: input.live === true,
    stored,
    ageMs: workbench.clock.now().getTime() - Number(timeToNs(snapshot.time) / 1_000_000n),
    proof: await proofOf(context),
    roots: found.roots,
    databases: choice.databases.map(realPath),
    ...files,
    tables: rows.tables,
    migrations: rows.migrations,
    service,
    healthUrl: app.health?.url,
    expectedMs: await expectedTime(context, files.places),
    notes: [
      ...choice.notes,
      ...rows.notes,
      ...notesOf(context, { manifest, hasService: service !== undefined }),
    ],
  };
}

async function surveyFiles(
  { machine, open, input, workbench }: PlanContext,
  { roots, places }: SwapRoots,
): Promise<Pick<InPlacePlan, 'files' | 'paths' | 'places'>> {
  const own = [input.repository.location, workbench.scratchFolder, machine.stateFolder];
  const { exclude } = input.app;
  const { stays } = whatStays({ exclude, mountPoints: machine.mountPoints(), own });
  const now = surveyLive(roots, stays);
  const planned: PlannedPlace[] = [];
  const coming = new Map<string, FileFact>();
  for (const place of places) {
    const survey = await surveySnapshot(open, selectIn(place, roots), { signal: input.signal });
    let neededBytes = SPARE_BYTES;
    for (const [path, fact] of survey) {
      coming.set(path, fact);
      neededBytes += fact.sizeBytes;
    }
    planned.push({ ...place, neededBytes, freeBytes: await freeSpaceNear(place.path) });
  }
  const databases = new Set(input.app.databases);
  const isCountedByRows = (path: string): boolean =>
    databases.has(path) || databases.has(databaseOfSidecar(path) ?? '');
  return {
    places: planned,
    paths: roots.map(({ path, at }) => ({
      path,
      at,
      comes: totalsBelow(coming, path),
      goes: totalsBelow(now, path),
    })),
    files: compareSurveys({ coming, now }, isCountedByRows),
  };
}

async function proofOf({ open, input }: PlanContext): Promise<InPlacePlan['proof']> {
  const { app, signal } = input;
  for await (const evidence of loadProofs(open.repository, app.name, { signal })) {
    if (evidence.snapshot === open.id) return evidence;
  }
  return undefined;
}

interface RowSurvey extends Pick<InPlacePlan, 'tables' | 'migrations'> {
  readonly notes: readonly PlanNote[];
}

async function surveyRows(
  { workbench, input }: PlanContext,
  { databases }: PathChoice,
  manifest: Manifest | undefined,
): Promise<RowSurvey> {
  const { app, signal } = input;
  const tables: PlannedTable[] = [];
  const notes: PlanNote[] = [];
  let [thenMigration, nowMigration]: (string | undefined)[] = [];
  for (const path of databases) {
    const then = manifest?.databases.find((database) => database.path === path);
    const { contents, why }: LiveContents = await readLiveContents(workbench, path, { signal });
    if (why !== undefined && input.live === true) {
      throw new KeepsakeError('CHANGE_NOT_LIVE', { path, why });
    }
    if (why !== undefined) notes.push({ kind: 'warning', message: `now: ${why}` });
    if (then !== undefined && contents !== undefined) tables.push(...compareRows(then, contents));
    thenMigration ??= then?.lastMigration;
    nowMigration ??= contents?.lastMigration;
  }
  const code = newestMigrationOf(app);
  const isKnown = manifest !== undefined && notes.length === 0;
  notes.push(...migrationNotes(thenMigration, code));
  return {
    tables: isKnown ? tables : undefined,
    migrations: { snapshot: thenMigration, now: nowMigration, code },
    notes,
  };
}

function migrationNotes(then: string | undefined, code: string | undefined): PlanNote[] {
  if (then === undefined || code === undefined || then === code) return [];
  const message =
    then < code
      ? `the installed app is newer than the snapshot: it must still apply migrations up to ${code}`
      : `the snapshot is newer than the installed app, which knows migrations up to ${code} only: it may not run on it`;
  return [{ kind: then < code ? 'note' : 'warning', message }];
}

function notesOf(
  { open, input }: PlanContext,
  { manifest, hasService }: { manifest: Manifest | undefined; hasService: boolean },
): PlanNote[] {
  const notes: PlanNote[] = [];
  const warn = (message: string): number => notes.push({ kind: 'warning', message });
  for (const tag of open.snapshot.tags ?? []) {
    if (DOUBTFUL_TAGS.includes(tag)) {
      warn(`the snapshot is tagged "${tag}": something is missing in it or not sound`);
    }
  }
  if (manifest === undefined) {
    warn('the snapshot has no manifest: how many rows and files it must have is not known');
  }
  if (!hasService && input.live !== true)
    warn('the config names no service: stop the app yourself before going on');
  if (input.app.health === undefined) {
    warn('the config names no health check: whether the app is well afterwards is not asked');
  }
  return notes;
}

/** As long as the last one here took for as many bytes, else as drills did. */
async function expectedTime(
  { machine, input }: PlanContext,
  places: readonly PlannedPlace[],
): Promise<number | undefined> {
  const last = (await endedChanges(machine)).find(
    ({ app, part, stagedBytes = 0, as }) =>
      app === input.app.name && part === input.part && as === 'done' && stagedBytes > 0,
  );
  const bytes = places.reduce((sum, { neededBytes }) => sum + neededBytes - SPARE_BYTES, 0);
  if (last?.stagedBytes === undefined) return expectedByHistory(machine, input, bytes);
  return Math.max(1000, (last.durationMs * bytes) / last.stagedBytes);
}

/** Loaded here only: SQLite is not needed for anything else of a plan. */
async function expectedByHistory(
  { stateFolder }: ChangeMachine,
  { app }: InPlaceInput,
  bytes: number,
): Promise<number | undefined> {
  const { readRuns } = await import('../../monitor/history.ts');
  const { expectedRestoreMs } = await import('../../monitor/expected-restore.ts');
  try {
    return expectedRestoreMs(readRuns(stateFolder, { limit: 500, app: app.name }), bytes);
  } catch {
    return undefined; // damaged: disposable
  }
}
