/**
 * Carries a rebuild out: made ready and proven beside the places where it belongs, then moved there by
 * renames, the config last, so that a machine with its config is a rebuilt one.
 *
 * Killed at any moment, the next `rebuild` finds the journal: what was being made ready is thrown away
 * and made again; once all of it was ready, the moves are finished.
 */
import { dirname, join } from 'node:path';
import { describeCause, isKeepsakeError, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { setTreeOwner } from '../../host/tree-owner.ts';
import type { Emitter } from '../event-channel.ts';
import { kindOf, removeTree } from '../in-place/change-files.ts';
import { removeIfEmpty } from '../in-place/end-change.ts';
import { discardStaged, stageSnapshot } from '../in-place/stage-snapshot.ts';
import { swapIn } from '../in-place/swap-paths.ts';
import { planSwap } from '../in-place/swap-units.ts';
import { whatStays } from '../in-place/what-stays.ts';
import { isLostAndFound } from './find-targets.ts';
import { leftToDo } from './left-to-do.ts';
import { makeAccounts, ownersHere, type MadeAccounts } from './plan-accounts.ts';
import type { PlannedRebuild, RebuildContext } from './plan-rebuild.ts';
import { newJournal, removePlaces, saveJournal, type RebuildJournal } from './rebuild-journal.ts';
import type { RebuildEvent, RebuildResult } from './rebuild-input.ts';
import { writeSettings } from './write-settings.ts';

type Told = Emitter<RebuildEvent>;

export async function runRebuild(
  context: RebuildContext,
  planned: PlannedRebuild,
  emitter: Told,
): Promise<RebuildResult> {
  const { machine, workbench } = context;
  const startedMs = workbench.clock.monotonicMs();
  await removeLeftovers(context, planned);
  const journal = planned.unfinished ?? (await makeReady(context, planned, emitter));
  if (journal.step === 'place') {
    emitter.emit({ kind: 'rebuild-step', step: 'place' });
    await moveIn(context, journal);
  }
  const problems = journal.accountProblems.map(({ account, why }) => `${account}: ${why}`);
  const hasUnit = planned.plan.unitFile !== undefined;
  const reload = hasUnit ? await machine.reloadUnits() : undefined;
  if (reload?.state === 'failed') problems.push(`systemctl daemon-reload: ${reload.why}`);
  emitter.emit({ kind: 'rebuild-step', step: 'config' });
  const { accounts } = planned.plan;
  const { ownerOf } = ownersHere(accounts, machine.accounts.tables());
  problems.push(...(await writeSettings(context, planned.plan, ownerOf)));
  if (!machine.isRoot) problems.push('not as root: all files belong to whoever ran this');
  await cleanUp(context, journal, emitter);
  const { fileCount, sizeBytes, accountProblems } = journal;
  return {
    fileCount,
    sizeBytes,
    problems,
    leftToDo: leftToDo(planned.plan, {
      accountProblems,
      isReloaded: reload?.state === 'done',
    }),
    durationMs: workbench.clock.monotonicMs() - startedMs,
  };
}

async function removeLeftovers(
  { machine }: RebuildContext,
  { leftovers }: PlannedRebuild,
): Promise<void> {
  // Copies of what the repository holds: they may go.
  for (const journal of leftovers) await removePlaces(machine.files, journal, removeTree);
}

async function makeReady(
  context: RebuildContext,
  { roots, plan }: PlannedRebuild,
  emitter: Told,
): Promise<RebuildJournal> {
  const { machine, workbench, open, origin } = context;
  const journal = newJournal({
    app: origin.app.name,
    snapshot: open.id,
    startedAt: workbench.clock.now().toISOString(),
    places: plan.places.map(({ path }) => ({ path })),
    roots,
  });
  emitter.emit({ kind: 'rebuild-step', step: 'stage' });
  try {
    await begin(context, journal);
    const staged = await stage(context, journal, emitter);
    emitter.emit({ kind: 'rebuild-step', step: 'accounts' });
    const made = await makeUsers(context, plan.accounts);
    await setOwners(context, journal, made);
    for (const { path } of journal.places) await machine.syncFileSystem(path);
    const units = await planUnits(context, journal);
    const { fileCount, sizeBytes } = staged;
    const ready = { step: 'place', units, fileCount, sizeBytes } as const;
    const whole = { ...journal, ...ready, accountProblems: made.problems };
    await saveJournal(machine.files, whole);
    return whole;
  } catch (error) {
    // Should this fail as well, the next one does it.
    await removePlaces(machine.files, journal, removeTree).catch(() => {});
    throw error;
  }
}

async function begin({ machine }: RebuildContext, journal: RebuildJournal): Promise<void> {
  try {
    await saveJournal(machine.files, journal);
  } catch (cause) {
    const folders = journal.places.map(({ path }) => dirname(path));
    const details = { folders, why: describeCause(cause) };
    throw new KeepsakeError('CHANGE_PLACE_UNUSABLE', details, { cause });
  }
}

function stage(
  { workbench, open, origin, input }: RebuildContext,
  { roots }: RebuildJournal,
  emitter: Told,
) {
  return stageSnapshot(workbench, {
    open,
    manifest: origin.manifest,
    roots,
    onProgress: (phase, doneBytes) => emitter.emitProgress({ kind: 'progress', phase, doneBytes }),
    signal: input.signal,
  });
}

async function makeUsers(
  { machine }: RebuildContext,
  accounts: PlannedRebuild['plan']['accounts'],
): Promise<MadeAccounts> {
  if (machine.isRoot) return makeAccounts(accounts, machine.accounts);
  const missing = accounts.filter(({ state }) => state !== 'there');
  const problems = missing.map(({ kind, name, argv }) => ({
    account: `${kind} ${name}`,
    argv,
    why: 'only root may make it',
  }));
  return { problems, ...ownersHere(accounts, machine.accounts.tables()) };
}

async function setOwners(
  { machine, input }: RebuildContext,
  { roots }: RebuildJournal,
  { hasMoved, ownerOf }: MadeAccounts,
): Promise<void> {
  if (!hasMoved || !machine.isRoot) return;
  for (const { fresh } of roots) {
    if ((await kindOf(machine.files, fresh)) === undefined) continue;
    await setTreeOwner(fresh, ownerOf, input);
  }
}

function planUnits({ machine }: RebuildContext, { roots }: RebuildJournal) {
  const { files, attributes } = machine;
  const mountPoints = machine.mountPoints();
  const rules = whatStays({ exclude: [], mountPoints, own: [] });
  return planSwap(roots, {
    files,
    attributes,
    // Nothing of the kind was there when the plan was made.
    isDatabase: () => false,
    ...rules,
    stays: (at, path) => rules.stays(at, path) || isLostAndFound(at, mountPoints),
  });
}

async function moveIn({ machine }: RebuildContext, journal: RebuildJournal): Promise<void> {
  try {
    await swapIn(journal.units, machine);
  } catch (error) {
    if (!isKeepsakeError(error, 'CHANGE_FILES_GONE')) throw error;
    const { path } = error.details as { path: string };
    const place = journal.places[0]?.path ?? '';
    throw new KeepsakeError('REBUILD_FILES_GONE', { path, place }, { cause: error });
  }
}

/** What was in the way stays for somebody to look at. */
async function cleanUp(
  { machine }: RebuildContext,
  journal: RebuildJournal,
  emitter: Told,
): Promise<void> {
  const { files } = machine;
  // Which state stands there could not be told any more from what is left in the places.
  await saveJournal(files, { ...journal, step: 'settle' });
  await discardStaged(journal.places);
  for (const { path } of journal.places) {
    for (const part of ['old', 'stray']) {
      if (await removeIfEmpty(files, join(path, part))) continue;
      if ((await kindOf(files, join(path, part))) === undefined) continue;
      const message = `what came to stand there meanwhile was moved to ${join(path, part)}`;
      emitter.emit({ kind: 'warning', message });
    }
  }
  await removePlaces(files, journal, async (path) => {
    await removeIfEmpty(files, path);
  });
}
