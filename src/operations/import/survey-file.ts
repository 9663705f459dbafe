/** The first look at a file: what it is, whether all of it can be read, of when it is. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { fsPath } from '../../base/raw-name.ts';
import type { StreamFacts } from '../../snapshot/stream-digest.ts';
import { collectMembers, peekContent, SINGLE_DATABASE, type Collected } from './collect-members.ts';
import { openContainer, type Container } from './container.ts';
import type { ImportInput } from './import-input.ts';
import { placeDatabase, placeMembers, type Places } from './import-places.ts';
import { chooseTime, type TimeSource } from './import-time.ts';
import type { MemberTable } from './member-table.ts';

export interface Survey {
  readonly container: Container;
  readonly facts: StreamFacts;
  /** Of the snapshot: what it is found and grouped by. */
  readonly paths: readonly string[];
  readonly time: Date;
  readonly timeSource: TimeSource;
  /** Where a single database goes. */
  readonly databasePath?: string | undefined;
}

export interface SurveyOptions {
  readonly clock: Clock;
  readonly onMember: (sizeBytes: number) => void;
}

/** Reads all of the file; what is refused, or cut off, is found before anything is stored. */
export async function surveyFile(
  file: string,
  input: ImportInput,
  { clock, onMember }: SurveyOptions,
): Promise<Survey> {
  const { exclude, signal } = input;
  const container = await openContainer(file, signal);
  const options = { exclude, take: peekContent, onMember, signal };
  const collected = await collectMembers(container, options);
  const places = placeAll(container, collected, input);
  const { mtimeMs: fileMs } = await stat(fsPath(file));
  const { time, source } = chooseTime({
    flag: input.time,
    name: basename(file),
    ...newestTimes(collected.table),
    fileMs,
    now: clock.now(),
  });
  const paths = input.app?.paths ?? topPaths(collected, places);
  const databasePath = container.kind === 'tar' ? undefined : places.target;
  return { container, facts: collected.facts, paths, time, timeSource: source, databasePath };
}

/** Throws `IMPORT_PLACE_UNKNOWN` and `IMPORT_MEMBER_REFUSED`. */
export function placeAll(
  { path, kind }: Container,
  { table }: Collected,
  input: ImportInput,
): Places {
  if (kind === 'tar') {
    const places = placeMembers(path, table, input);
    table.assertLinksStay(places.target);
    return places;
  }
  const to = placeDatabase(path, input);
  const paths = new Map<string, string>();
  for (const key of table.entries.keys()) paths.set(key, to + key.slice(SINGLE_DATABASE.length));
  return { paths, places: [{ from: basename(path), to }], target: to };
}

/** Without an app: the folder it was imported to, or what there is at the top. */
function topPaths({ table }: Collected, { target, paths }: Places): string[] {
  if (target !== '/') return [target];
  const common = table.commonFolder();
  if (common !== '') return [`/${common}`];
  return [...new Set([...paths.values()].map((path) => `/${path.split('/')[1] ?? ''}`))].sort();
}

/** Of a single file its own time is all there is. */
function newestTimes(table: MemberTable): { databaseMs?: number; memberMs?: number } {
  if (table.entries.has(SINGLE_DATABASE)) return {};
  const times = [...table.entries.values()]
    .filter(({ member }) => member.type === 'file')
    .map(({ member }) => msOf(member.mtimeNs));
  const ofDatabases = table
    .databases()
    .flatMap(({ key, sidecars }) => [key, ...sidecars])
    .map((key) => msOf(table.entries.get(key)?.member.mtimeNs ?? 0n));
  return { ...newest('databaseMs', ofDatabases), ...newest('memberMs', times) };
}

function newest<K extends string>(key: K, times: readonly number[]): Partial<Record<K, number>> {
  if (times.length === 0) return {};
  return { [key]: times.reduce((a, b) => Math.max(a, b)) } as Record<K, number>;
}

function msOf(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
