/** One round: one tool, one data set, all acts in the order of life. */
import {
  copyFileSync,
  mkdirSync,
  lstatSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { wishlistFolders } from '../test/support/wishlist-app/lay-out-wishlist.ts';
import { liveADay } from './day.ts';
import { measure, measureAll, type Command, type Measurement } from './measure.ts';
import type { Place, Tool } from './tools.ts';

export const acts = [
  'first backup',
  'unchanged again',
  'after a day',
  'after a day with 20 uploads',
  'restore',
  'check --read-data',
] as const;
export type Act = (typeof acts)[number];

export interface ActResult extends Measurement {
  /** How much larger the repository is than before. */
  readonly addedBytes: number;
}

export type RoundResult = Partial<Record<Act, ActResult>>;

export interface RoundOptions {
  readonly tool: Tool;
  readonly place: Place;
  /** The untouched data set, from which the app's folder was copied. */
  readonly original: string;
  readonly memory: boolean;
}

export async function runRound({
  tool,
  place,
  original,
  memory,
}: RoundOptions): Promise<RoundResult> {
  putBack(original, place.app);
  for (const folder of [place.repository, place.home]) {
    rmSync(folder, { recursive: true, force: true });
  }
  mkdirSync(place.home, { recursive: true });
  for (const command of tool.prepare(place)) await measure(command);
  const result: RoundResult = {};
  const act = async (name: Act, commands: readonly Command[]) => {
    await measure({ argv: ['sync'] }); // what earlier steps wrote is not this step's work
    const before = folderBytes(place.repository);
    const measured = await measureAll(commands, { memory });
    result[name] = { ...measured, addedBytes: folderBytes(place.repository) - before };
  };
  await act('first backup', tool.backup(place));
  await act('unchanged again', tool.backup(place));
  liveADay(place.app, { seed: 1, newUploads: 0 });
  await act('after a day', tool.backup(place));
  liveADay(place.app, { seed: 2, newUploads: 20 });
  await act('after a day with 20 uploads', tool.backup(place));
  const target = join(place.home, 'restored');
  mkdirSync(target);
  await act('restore', tool.restore(place, target));
  assertRestored(place.app, tool.restoredApp(place, target));
  rmSync(target, { recursive: true });
  if (tool.check !== undefined) await act('check --read-data', tool.check(place));
  return result;
}

/** Undoes the days of the round before: the database's bytes and times, and the new uploads. */
function putBack(original: string, app: string): void {
  const [from, to] = [wishlistFolders(original), wishlistFolders(app)];
  copyFileSync(from.database, to.database);
  const { atime, mtime } = statSync(from.database);
  utimesSync(to.database, atime, mtime);
  for (const name of readdirSync(to.uploads)) {
    if (name.startsWith('day-')) rmSync(join(to.uploads, name));
  }
}

/** A fast restore of the wrong data would be worth nothing. */
function assertRestored(expected: string, actual: string): void {
  const [wanted, found] = [describeApp(expected), describeApp(actual)];
  if (wanted !== found) throw new Error(`restored ${found}, should be ${wanted}`);
}

function describeApp(root: string): string {
  const { database, uploads } = wishlistFolders(root);
  const url = pathToFileURL(database);
  url.searchParams.set('immutable', '1');
  const db = new DatabaseSync(url, { readOnly: true });
  const items = db.prepare('SELECT count(*) AS n, sum(length(note)) AS notes FROM items').get();
  const check = db.prepare('PRAGMA quick_check(1)').get();
  db.close();
  return JSON.stringify({ ...items, ...check, uploads: folderBytes(uploads) });
}

export function folderBytes(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) sum += lstatSync(join(entry.parentPath, entry.name)).size;
  }
  return sum;
}
