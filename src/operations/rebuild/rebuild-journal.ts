/**
 * The journal of a rebuild: what was made ready where, and whether it may be moved into place. It
 * stands in the first of the rebuild's places (`.keepsake-restore-<id>/rebuild.json`), beside what it
 * is about, because an empty machine has nothing else.
 */
import { basename, join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import {
  kindOf,
  makeFolders,
  namesIn,
  readTextIfAny,
  removeFileIfAny,
  writeDurably,
} from '../in-place/change-files.ts';
import { placesIn, type ChangePlace } from '../in-place/change-journal.ts';
import { removeIfEmpty } from '../in-place/end-change.ts';
import type { SwapRoot, SwapUnit } from '../in-place/swap-units.ts';
import type { AccountProblem } from './plan-accounts.ts';
import type { RebuildMachine } from './rebuild-machine.ts';

const JOURNAL_VERSION = 1;
const JOURNAL_NAME = 'rebuild.json';

export interface RebuildJournal {
  readonly version: number;
  readonly app: string;
  readonly snapshot: string;
  readonly startedAt: string;
  /** The first one holds this journal. */
  readonly places: readonly ChangePlace[];
  readonly roots: readonly SwapRoot[];
  /**
   * `stage`: what lies in the places is not complete. `place`: it is, and some may have been moved.
   * `settle`: all is done, the places go.
   */
  readonly step: 'stage' | 'place' | 'settle';
  readonly units: readonly SwapUnit[];
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** To be told in the end, whoever ends it. */
  readonly accountProblems: readonly AccountProblem[];
}

export function newJournal(
  fields: Pick<RebuildJournal, 'app' | 'snapshot' | 'startedAt' | 'places' | 'roots'>,
): RebuildJournal {
  const empty = { units: [], fileCount: 0, sizeBytes: 0, accountProblems: [] };
  return { version: JOURNAL_VERSION, ...fields, step: 'stage', ...empty };
}

export async function saveJournal(files: FileLayer, journal: RebuildJournal): Promise<void> {
  for (const { path } of journal.places) await makeFolders(files, path);
  await writeDurably(files, journalPath(journal), `${JSON.stringify(journal, null, 2)}\n`);
}

/** The journal last: until then whoever looks finds what is left. */
export async function removePlaces(
  files: FileLayer,
  journal: RebuildJournal,
  remove: (path: string) => Promise<void>,
): Promise<void> {
  const [first, ...others] = journal.places;
  if (first === undefined) return;
  for (const { path } of others) await remove(path);
  for (const name of await namesIn(files, first.path)) {
    if (name !== JOURNAL_NAME) await remove(join(first.path, name));
  }
  await removeFileIfAny(files, journalPath(journal));
  await remove(first.path);
}

export interface Leftovers {
  readonly journals: readonly RebuildJournal[];
  /** Places in which nothing is, of a rebuild that was cut off before it wrote its journal. */
  readonly empty: readonly string[];
}

/**
 * `folders`: where places would be. What is not a rebuild's is passed over, and what somebody else may
 * have put there: a journal names what is moved and removed, by root as a rule.
 */
export async function findLeftovers(
  { files, attributes }: Pick<RebuildMachine, 'files' | 'attributes'>,
  folders: Iterable<string>,
): Promise<Leftovers> {
  const journals: RebuildJournal[] = [];
  const empty: string[] = [];
  for (const place of await placesIn(files, folders)) {
    if ((await attributes.read(place)).uid !== process.geteuid?.()) continue;
    const journal = parse(await readTextIfAny(files, join(place, JOURNAL_NAME)));
    if (journal !== undefined && isIn(place, journal)) journals.push(journal);
    else if (await holdsOnlyADraft(files, place)) empty.push(place);
  }
  return { journals, empty };
}

/** It is this place's, and all its places have that name. */
function isIn(place: string, { places }: RebuildJournal): boolean {
  return (
    places[0]?.path === place && places.every(({ path }) => basename(path) === basename(place))
  );
}

export async function removeEmptyPlaces(
  files: FileLayer,
  places: readonly string[],
): Promise<void> {
  for (const place of places) {
    await removeFileIfAny(files, `${join(place, JOURNAL_NAME)}.new`);
    await removeIfEmpty(files, place);
  }
}

async function holdsOnlyADraft(files: FileLayer, place: string): Promise<boolean> {
  if ((await kindOf(files, place)) !== 'folder') return false;
  return (await files.readFolder(place)).every((name) => name === `${JOURNAL_NAME}.new`);
}

function journalPath({ places }: Pick<RebuildJournal, 'places'>): string {
  return join(places[0]?.path ?? '', JOURNAL_NAME);
}

function parse(text: string | undefined): RebuildJournal | undefined {
  try {
    const value = JSON.parse(text ?? '') as RebuildJournal;
    return value.version === JOURNAL_VERSION ? value : undefined;
  } catch {
    return undefined;
  }
}
