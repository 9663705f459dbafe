/** Where the members of an archive go in the snapshot, so that it compares with the live ones. */
import { posix } from 'node:path';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { ImportInput } from './import-input.ts';
import { isWithin, type MemberTable } from './member-table.ts';

/** All of the archive below `from` stands below `to`. */
export interface Place {
  readonly from: string;
  readonly to: string;
}

export interface Places {
  /** By member; a member that leads to the others only may be absent. */
  readonly paths: ReadonlyMap<string, string>;
  readonly places: readonly Place[];
  /** The folder that links may lead into. */
  readonly target: string;
}

type Wanted = Pick<ImportInput, 'app' | 'root' | 'as'>;

/** Throws `IMPORT_PLACE_UNKNOWN`. */
export function placeDatabase(file: string, { app, root, as }: Wanted): string {
  if (as !== undefined) {
    if (as.startsWith('/')) return posix.normalize(as);
    const folder = app?.root ?? root;
    if (folder !== undefined) return posix.join(folder, as);
    throw unknown(file, `--as ${as} is relative, and there is no app`);
  }
  const [only, another] = app?.databases ?? [];
  if (only !== undefined && another === undefined) return only;
  const why =
    app === undefined
      ? 'there is no app in the config'
      : another === undefined
        ? `the config names no database of ${app.name}`
        : `${app.name} has several databases`;
  throw unknown(file, why);
}

/** Throws `IMPORT_PLACE_UNKNOWN`. */
export function placeMembers(file: string, table: MemberTable, wanted: Wanted): Places {
  const { app } = wanted;
  const target = app?.root ?? wanted.root ?? '/';
  const own = target === '/' || !table.has(target.slice(1)) ? '' : target.slice(1);
  const prefix = app === undefined ? own : choosePrefix(file, table, app);
  const outside = outsideOf(target, prefix);
  const paths = new Map<string, string>();
  const places: Place[] = [{ from: prefix === '' ? '.' : prefix, to: target }];
  for (const key of table.entries.keys()) {
    if (isWithin(key, prefix)) {
      const rest = prefix === '' ? key : key.slice(prefix.length + 1);
      paths.set(key, rest === '' ? target : posix.join(target, rest));
    } else if (!isWithin(prefix, key)) {
      paths.set(key, posix.join(outside, key));
      if (places.length === 1) places.push({ from: 'what lies beside it', to: outside });
    }
  }
  if (app !== undefined) places.push(...placeLooseDatabases(table, app.databases, paths));
  assertDistinct(table, paths);
  return { paths, places, target };
}

/** The part of the members' paths that stands for the app's root. */
function choosePrefix(
  file: string,
  table: MemberTable,
  { root, databases }: { root: string; databases: readonly string[] },
): string {
  const usual = [root.slice(1), posix.basename(root), ''];
  const inRoot = databases
    .filter((path) => path.startsWith(`${root}/`))
    .map((path) => path.slice(root.length + 1));
  const found = new Set<string>();
  for (const { key } of table.databases()) {
    for (const path of inRoot) {
      if (key === path) found.add('');
      else if (key.endsWith(`/${path}`)) found.add(key.slice(0, -path.length - 1));
    }
  }
  const known = usual.find((prefix) => found.has(prefix));
  if (known !== undefined) return known;
  const [only, another] = found;
  if (another !== undefined) {
    const names = [...found].map((prefix) => `"${prefix}"`).join(' and ');
    throw unknown(file, `the app's database is in it more than once, below ${names}`);
  }
  if (only !== undefined) return only;
  return usual.find((prefix) => prefix !== '' && table.has(prefix)) ?? '';
}

/** What lies beside the app's root in the archive lies beside it in the snapshot. */
function outsideOf(target: string, prefix: string): string {
  return target.endsWith(`/${prefix}`) ? target.slice(0, -prefix.length - 1) || '/' : '/';
}

/** A database that lies elsewhere than the app has it, as in `tar czf … -C data prod.db`. */
function placeLooseDatabases(
  table: MemberTable,
  databases: readonly string[],
  paths: Map<string, string>,
): Place[] {
  const places: Place[] = [];
  for (const path of databases) {
    if ([...paths.values()].includes(path)) continue;
    const same = table
      .databases()
      .filter(({ key }) => posix.basename(key) === posix.basename(path));
    const [only, another] = same;
    if (only === undefined || another !== undefined) continue;
    for (const key of [only.key, ...only.sidecars]) {
      paths.set(key, path + key.slice(only.key.length));
    }
    places.push({ from: only.key, to: path });
  }
  return places;
}

function assertDistinct(table: MemberTable, paths: ReadonlyMap<string, string>): void {
  const taken = new Map<string, string>();
  for (const [key, path] of paths) {
    const other = taken.get(path);
    if (other !== undefined) throw table.refused(key, `"${other}" stands for ${path}, too`);
    taken.set(path, key);
  }
}

function unknown(path: string, why: string): KeepsakeError {
  return new KeepsakeError('IMPORT_PLACE_UNKNOWN', { path, why });
}
