/** `rollback`: takes the last change back, by a change of the same kind. */
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { toHex } from '../../base/bytes.ts';
import { withEvents } from '../event-channel.ts';
import type { Workbench } from '../workbench.ts';
import { jobOf } from './change-job.ts';
import { beginChange } from './begin-change.ts';
import {
  journalPath,
  newJournal,
  PLACE_PREFIX,
  type ChangeJournal,
  type CodeVersions,
} from './change-journal.ts';
import { lockChanges } from './change-lock.ts';
import type { ChangeMachine } from './change-machine.ts';
import { endedChanges, type EndedChange } from './change-records.ts';
import { runChange } from './change-run.ts';
import type { InPlaceEvent, InPlaceInput, InPlacePlan, InPlaceResult } from './in-place-input.ts';
import { openInPlaceRestore } from './in-place-restore.ts';
import { assertNothingUnfinished, findKnown, hasOldFiles } from './known-changes.ts';
import type { ChangeRepository } from './snapshot-change.ts';
import type { SwapRoot } from './swap-units.ts';
import { dirname, join } from 'node:path';

export interface RollbackInput {
  /** Of the apps, as far as the config tells. */
  readonly paths: readonly string[];
  /** Only a change of this app. */
  readonly app?: string | undefined;
  readonly dryRun: boolean;
  /** Asked for where the old files are gone and the restore point is read from the repository. */
  readonly restoreOf: (
    app: string,
  ) => Promise<Omit<InPlaceInput, 'wanted' | 'filter' | 'part' | 'kind' | 'dryRun'>>;
  readonly repositoryOf: (journal: ChangeJournal) => ChangeRepository;
  readonly signal?: AbortSignal | undefined;
}

/** What is taken back, and from where. */
export interface RollbackPlan {
  readonly app: string;
  readonly kind: ChangeJournal['kind'];
  readonly endedAt: string;
  readonly part: ChangeJournal['part'];
  /** The old files that lie aside; else from the snapshot of `restore`. */
  readonly aside: readonly { readonly from: string; readonly to: string }[] | undefined;
  readonly restore: InPlacePlan | undefined;
}

export interface Rollback extends AsyncDisposable {
  readonly plan: RollbackPlan;
  run(): AsyncGenerator<InPlaceEvent, InPlaceResult>;
}

/** Throws `CHANGE_NONE`, `CHANGE_UNFINISHED`, `CHANGE_UNDER_WAY`. */
export async function openRollback(
  workbench: Workbench,
  machine: ChangeMachine,
  input: RollbackInput,
): Promise<Rollback> {
  await using stack = new AsyncDisposableStack();
  const { stateFolder } = machine;
  if (!input.dryRun) {
    stack.use(await lockChanges({ ...workbench, stateFolder, command: 'rollback' }));
  }
  await assertNothingUnfinished(machine, { paths: input.paths });
  const { kept } = await findKnown(machine, input.paths);
  const ended = (await endedChanges(machine)).find(
    ({ as, app }) => as === 'done' && (input.app === undefined || app === input.app),
  );
  const journal = kept.find(
    ({ ended: end, app }) =>
      end?.as === 'done' && (input.app === undefined || app.name === input.app),
  );
  const isNewest = journal !== undefined && (ended === undefined || isSame(journal, ended));
  if (isNewest && (await hasOldFiles(machine.files, journal))) {
    return await openFromAside({ workbench, machine, input, journal, held: stack.move() });
  }
  await stack.disposeAsync();
  if (ended === undefined) throw new KeepsakeError('CHANGE_NONE', { wanted: 'rollback' });
  return await openFromSnapshot({ workbench, machine, input, ended });
}

function isSame({ id }: ChangeJournal, ended: EndedChange): boolean {
  return id === ended.id;
}

interface RollbackParts {
  readonly workbench: Workbench;
  readonly machine: ChangeMachine;
  readonly input: RollbackInput;
}

async function openFromAside({
  workbench,
  machine,
  input,
  journal: earlier,
  held,
}: RollbackParts & { journal: ChangeJournal; held: AsyncDisposable }): Promise<Rollback> {
  const { signal, repositoryOf } = input;
  const fields = rollbackJournal(workbench, earlier);
  return {
    plan: {
      app: earlier.app.name,
      kind: earlier.kind,
      endedAt: earlier.ended?.at ?? '',
      part: earlier.part,
      aside: fields.roots.map(({ fresh, at }) => ({ from: fresh, to: at })),
      restore: undefined,
    },
    run: () =>
      withEvents(async (emitter) => {
        const journal = await beginChange(machine, fields);
        const source = repositoryOf(fields);
        return runChange(jobOf({ workbench, machine, journal, emitter, source, signal }));
      }),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

function rollbackJournal(
  { clock, random, keepsakeVersion }: Workbench,
  earlier: ChangeJournal,
): ChangeJournal {
  const id = toHex(random(4));
  const roots = earlier.roots
    .filter(({ onlyIfMissing }) => onlyIfMissing !== true)
    .map((root): SwapRoot => {
      const place = join(dirname(root.place), `${PLACE_PREFIX}${id}`);
      const [old, stray] = [join(place, 'old', root.path), join(place, 'stray', root.path)];
      return { ...root, place, fresh: root.old, old, stray };
    });
  return newJournal({
    id,
    kind: 'rollback',
    part: earlier.part,
    app: earlier.app,
    source: { kind: 'aside', changeId: earlier.id, journal: journalPath(earlier) },
    startedAt: clock.now().toISOString(),
    keepsakeVersion,
    databases: earlier.databases,
    own: earlier.own,
    places: [...new Set(roots.map(({ place }) => place))].map((path) => ({ path })),
    roots,
    ...(earlier.whole !== undefined && { whole: earlier.whole }),
    ...turnedCode(earlier.code),
    ...(earlier.links !== undefined && { links: earlier.linksFound ?? earlier.links }),
  });
}

/** The version that it brings back, as the next rollback sees it. */
function turnedCode(code: CodeVersions | undefined): Pick<ChangeJournal, 'code'> {
  if (code?.to === undefined) return {};
  return { code: { folder: code.folder, from: code.to, to: code.from } };
}

async function openFromSnapshot({
  workbench,
  machine,
  input,
  ended,
}: RollbackParts & { ended: EndedChange }): Promise<Rollback> {
  const point = [ended.finalPoint, ended.restorePoint].find((each) => each?.kind === 'snapshot');
  if (point?.kind !== 'snapshot') throw new KeepsakeError('CHANGE_NONE', { wanted: 'rollback' });
  assertCodeStands(ended, point.id);
  const restore = await openInPlaceRestore(workbench, machine, {
    ...(await input.restoreOf(ended.app)),
    wanted: point.id,
    filter: {},
    part: ended.part,
    kind: 'rollback',
    dryRun: input.dryRun,
  });
  const { app, kind, endedAt, part } = ended;
  return {
    plan: { app, kind, endedAt, part, aside: undefined, restore: restore.plan },
    run: () => restore.run(),
    [Symbol.asyncDispose]: () => restore[Symbol.asyncDispose](),
  };
}

/** Code is in no snapshot: old data alone would come under newer code. */
function assertCodeStands({ hasCode, code, app, kind }: EndedChange, snapshot: string): void {
  if (hasCode !== true || (code !== undefined && code.from === code.to)) return;
  const { from, folder } = code ?? {};
  throw new KeepsakeError('ROLLBACK_CODE_GONE', { app, kind, from, folder, snapshot });
}
