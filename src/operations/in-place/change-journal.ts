/**
 * The journal of a change in place: what is to be done, how far it is, and what the way back needs.
 * Written before each step, so that whoever comes after a crash can finish the change or take it
 * back without the config, the repository or the state folder.
 *
 * It stands beside the data it is about, in the first of the change's places
 * (`…/.keepsake-restore-<id>/journal.json`), because those two are lost together or not at all. A
 * pointer in the state folder says where; without that one the places are looked for.
 */
import { basename, dirname, join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import type { JsonValue } from '../../base/json-value.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import {
  makeFolders,
  namesIn,
  readTextIfAny,
  removeFileIfAny,
  writeDurably,
} from './change-files.ts';
import { giveUpReserves, keepReserves } from './change-reserve.ts';
import type { PathLink } from './path-links.ts';
import type { SwapRoot, SwapUnit } from './swap-units.ts';

/** Readers refuse a higher one. */
const JOURNAL_VERSION = 2;
const JOURNAL_NAME = 'journal.json';
const MARKER_NAME = 'in-progress';

export const PLACE_PREFIX = '.keepsake-restore-';
/** As in the names of the places. */
export const PLACE_NAME = /^\.keepsake-restore-[0-9a-f]{8}$/;

/** In this order forward, in the other one back. */
export const CHANGE_STEPS = [
  'protect',
  'prepare',
  'stop',
  'apply',
  'start',
  'probe',
  'settle',
] as const;
export type ChangeStep = (typeof CHANGE_STEPS)[number];

export type ChangeKind = 'restore' | 'rollback' | 'guard' | 'update';

export type ChangePart = 'all' | 'database' | 'uploads';

/** Where the state before the change is kept. */
export type RestorePoint = (
  | { readonly kind: 'snapshot'; readonly id: string }
  /** Only as the old files themselves, because the repository could not take them. */
  | { readonly kind: 'aside'; readonly why: string }
) & {
  /** Databases of which SQLite cannot read everything. */
  readonly damaged?: readonly string[];
};

/** What is put in: a snapshot, the files that an earlier change kept aside, or what commands make. */
export type ChangeSource =
  | { readonly kind: 'snapshot'; readonly id: string; readonly time: string }
  | { readonly kind: 'aside'; readonly changeId: string; readonly journal: string }
  | { readonly kind: 'commands'; readonly what: string };

/** The version of the app's code, as git names it. */
export interface CodeVersions {
  readonly folder: string;
  readonly from: string;
  /** Absent until the change is done. */
  readonly to?: string;
}

/** A private folder on the file system of what is replaced. */
export interface ChangePlace {
  /** …/.keepsake-restore-<id> */
  readonly path: string;
}

export interface ChangeJournal {
  readonly version: number;
  readonly id: string;
  readonly kind: ChangeKind;
  readonly part: ChangePart;
  /** The database is written into while the app runs; nothing is stopped. */
  readonly live?: true;
  readonly app: ResolvedApp;
  readonly source: ChangeSource;
  readonly startedAt: string;
  readonly keepsakeVersion: string;
  /** Where the databases are that it replaces: no program may have them open meanwhile. */
  readonly databases: readonly string[];
  /** Keepsake's own, which stays if it lies among the app's files. */
  readonly own: readonly string[];
  /** The first one holds this journal. */
  readonly places: readonly ChangePlace[];
  readonly roots: readonly SwapRoot[];
  /** Replaced with whatever the app's patterns leave out of backups: its code. */
  readonly whole?: readonly string[];
  readonly code?: CodeVersions;
  /** Links by which the paths are reached, as they are to be. */
  readonly links?: readonly PathLink[];
  /** Of a rollback: as it found them. */
  readonly linksFound?: readonly PathLink[];
  readonly step: ChangeStep;
  readonly direction: 'forward' | 'back';
  /** Why it goes back. */
  readonly failure?: string;
  readonly restorePoint?: RestorePoint;
  /** The state when the service had stopped; what came after the restore point is only there. */
  readonly finalPoint?: RestorePoint;
  readonly stagedBytes?: number;
  /** Before the change; without a service there is nothing to stop. */
  readonly serviceBefore?: 'running' | 'failed' | 'stopped' | 'none';
  /** What gives the service back to its manager. */
  readonly held?: JsonValue;
  /** Live databases that are written already. */
  readonly overwritten?: readonly string[];
  /** The one that is being written. */
  readonly overwriting?: string;
  readonly units?: readonly SwapUnit[];
  /** The app ran on the new state, if only for a moment. */
  readonly wasStarted?: true;
  /** Of a guard: the copies of the old state are whole and durable; from here on its commands run. */
  readonly began?: true;
  /** All of them ended with 0. */
  readonly finished?: true;
  /** The copies are back in the app; they are no more where they were. */
  readonly reverted?: true;
  /** What stood in the app was moved to `new` on the way back. */
  readonly takenOut?: true;
  readonly ended?: { readonly as: 'done' | 'undone'; readonly at: string };
}

/** Keeps the journal, and writes each change of it before the change itself is made. */
export class JournalFile {
  readonly #files: FileLayer;
  #journal: ChangeJournal;

  constructor(journal: ChangeJournal, { files }: { files: FileLayer }) {
    this.#journal = journal;
    this.#files = files;
  }

  get value(): ChangeJournal {
    return this.#journal;
  }

  /** What could not be written is not so. */
  async update(changes: Partial<ChangeJournal>): Promise<void> {
    const before = this.#journal;
    this.#journal = { ...before, ...changes };
    try {
      await this.save();
    } catch (error) {
      this.#journal = before;
      throw error;
    }
  }

  async save(): Promise<void> {
    const { places } = this.#journal;
    if (isOver(this.#journal)) await this.giveUpReserves();
    for (const { path } of places) await makeFolders(this.#files, path);
    const text = `${JSON.stringify(this.#journal, null, 2)}\n`;
    await writeDurably(this.#files, journalPath(this.#journal), text);
    if (isOver(this.#journal) || this.#journal.direction === 'back') return;
    await keepReserves(this.#files, places, text.length);
  }

  /** Stands beside the journal while the app must not start; the journal itself outlives the change. */
  get marker(): string {
    return join(dirname(journalPath(this.#journal)), MARKER_NAME);
  }

  async mark(): Promise<void> {
    await writeDurably(this.#files, this.marker, '');
  }

  async unmark(): Promise<void> {
    await removeFileIfAny(this.#files, this.marker);
  }

  /** False when there are none any more. */
  giveUpReserves(): Promise<boolean> {
    return giveUpReserves(this.#files, this.#journal.places);
  }
}

/** From there nothing is taken back any more. */
function isOver({ step, direction, ended }: ChangeJournal): boolean {
  return ended !== undefined || (direction === 'forward' && step === 'settle');
}

/** A guard whose commands were cut off cannot be finished: how far they got nobody knows. */
export function isResumable({ source, direction, finished }: ChangeJournal): boolean {
  return source.kind !== 'commands' || (finished === true && direction === 'forward');
}

export function journalPath({ places }: Pick<ChangeJournal, 'places'>): string {
  return join(places[0]?.path ?? '', JOURNAL_NAME);
}

/** Places of changes in these folders. */
export async function placesIn(files: FileLayer, folders: Iterable<string>): Promise<string[]> {
  const found: string[] = [];
  for (const folder of new Set(folders)) {
    for (const name of await namesIn(files, folder)) {
      if (PLACE_NAME.test(name)) found.push(join(folder, name));
    }
  }
  return found;
}

/** Journals beside the data, for a state folder that is lost. `folders`: where places would be. */
export async function journalsBeside(
  files: FileLayer,
  folders: Iterable<string>,
): Promise<string[]> {
  return (await placesIn(files, folders)).map((place) => join(place, JOURNAL_NAME));
}

/** `undefined` when there is none. Throws `CHANGE_JOURNAL_INVALID`. */
export async function loadJournal(
  files: FileLayer,
  path: string,
): Promise<ChangeJournal | undefined> {
  const text = await readTextIfAny(files, path);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (!isJournal(value)) throw invalid(path, 'it is not what Keepsake writes');
  if (value.version > JOURNAL_VERSION) {
    throw invalid(
      path,
      `it is of version ${value.version}, this Keepsake knows ${JOURNAL_VERSION}`,
    );
  }
  return value;
}

export function newJournal(
  fields: Omit<ChangeJournal, 'version' | 'step' | 'direction'>,
): ChangeJournal {
  return { version: JOURNAL_VERSION, step: 'protect', direction: 'forward', ...fields };
}

function isJournal(value: unknown): value is ChangeJournal {
  if (typeof value !== 'object' || value === null) return false;
  const { version, id, places, roots, step, app } = value as Record<string, unknown>;
  return (
    typeof version === 'number' &&
    typeof id === 'string' &&
    Array.isArray(places) &&
    Array.isArray(roots) &&
    typeof app === 'object' &&
    CHANGE_STEPS.some((known) => known === step)
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(path: string, why: string): KeepsakeError {
  return new KeepsakeError('CHANGE_JOURNAL_INVALID', { path, name: basename(path), why });
}
