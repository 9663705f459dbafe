/** One round: one tool, one data set, the acts in the order of life. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { wishlistFolders } from '../test/support/wishlist-app/lay-out-wishlist.ts';
import { resetApp } from './data-sets.ts';
import { liveADay } from './day.ts';
import { filesBelow, folderFacts } from './folder-facts.ts';
import { measure, measureAll, type Command, type Measurement } from './measure.ts';
import { sealedTreeBytes } from './tree-bytes.ts';
import type { Place, Tool, ToolName } from './tools.ts';

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
  /** Of these, folder listings, which hold the lists of chunk ids; where the format is restic's. */
  readonly addedTreeBytes?: number;
}

export type ActResults = Partial<Record<Act, ActResult>>;

/** As it is saved. */
export interface Round {
  readonly tool: ToolName;
  readonly memory: boolean;
  readonly lowMemory: boolean;
  readonly acts: ActResults;
}

export interface RoundOptions {
  readonly tool: Tool;
  readonly place: Place;
  readonly acts: readonly Act[];
  readonly memory: boolean;
  readonly lowMemory?: boolean;
}

export async function runRound(options: RoundOptions): Promise<Round> {
  const { tool, place, memory, lowMemory = false } = options;
  resetApp(place.app);
  readAll(place.app);
  for (const command of tool.prepare(place)) await measure(command);
  const results: ActResults = {};
  for (const act of acts.filter((one) => options.acts.includes(one))) {
    if (act === 'check --read-data' && tool.check === undefined) continue;
    results[act] = await perform(act, options);
  }
  return { tool: tool.name, memory, lowMemory, acts: results };
}

async function perform(act: Act, { tool, place, memory, lowMemory }: RoundOptions) {
  if (act === 'after a day') liveADay(place.app, { seed: 1, newUploads: 0 });
  if (act === 'after a day with 20 uploads') liveADay(place.app, { seed: 2, newUploads: 20 });
  const target = join(place.round, 'restored');
  if (act === 'restore') mkdirSync(target);
  const commands = commandsOf(act, tool, { place, target }).map((command) =>
    lowMemory ? { ...command, argv: [...command.argv, '--low-memory'] } : command,
  );
  await measure({ argv: ['sync'] }); // what earlier steps wrote is not this step's work
  const before = await weigh(tool, place);
  const measured = await measureAll(commands, { memory });
  if (act === 'restore') assertRestored(place.app, tool.restoredApp(place, target));
  const after = await weigh(tool, place);
  return {
    ...measured,
    addedBytes: after.bytes - before.bytes,
    ...(after.trees === undefined ? {} : { addedTreeBytes: after.trees - (before.trees ?? 0) }),
  };
}

function commandsOf(
  act: Act,
  tool: Tool,
  { place, target }: { place: Place; target: string },
): Command[] {
  if (act === 'restore') return tool.restore(place, target);
  if (act === 'check --read-data') return tool.check?.(place) ?? [];
  return tool.backup(place);
}

async function weigh(tool: Tool, { repository, passwordFile }: Place) {
  const bytes = folderFacts(repository).bytes;
  if (!tool.writesResticFormat) return { bytes };
  return { bytes, trees: await sealedTreeBytes(repository, passwordFile) };
}

/** So that no tool is the one that finds the page cache cold. */
function readAll(folder: string): void {
  for (const path of filesBelow(folder)) readFileSync(path);
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
  return JSON.stringify({ ...items, ...check, uploads: folderFacts(uploads) });
}
