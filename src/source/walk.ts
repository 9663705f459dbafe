/**
 * The walk over the paths of a backup: depth-first, names ordered by bytes, following no link but
 * those it is told to.
 *
 * Folders above the paths appear with their own metadata and only what was asked for in them, as in
 * the trees of `restic backup /absolute/path`. As restic does, sockets are left out, and a path
 * that was asked for by name is taken although a pattern would exclude it.
 * Source: restic internal/archiver/{archiver,tree,exclude}.go @ a80be14.
 */
import { joinPath } from '../base/raw-path.ts';
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { nextTurn } from '../base/concurrency.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import type { EntryStats } from './entry-stats.ts';
import { excludeNothing, type ExcludeMatcher } from './excludes.ts';
import { isSameEntry, type KnownEntries } from './known-entry.ts';
import { listFolder, onlyCacheTag } from './list-folder.ts';
import { NameQueue } from './name-queue.ts';
import { collectTargets, findLoss, type Target } from './path-targets.ts';
import { readNode, type NodeRead } from './read-node.ts';
import type { FileReading, Leaf, SourceEntry } from './source.ts';
import {
  databaseOfSidecar,
  hasDatabaseMagic,
  hasFilledWal,
  looksLikeDatabase,
} from './sqlite-files.ts';
import { isGone, unreadable } from './unreadable.ts';

export interface WalkOptions {
  /** Absolute raw paths; any may lie in another. */
  readonly paths: readonly string[];
  readonly exclude?: ExcludeMatcher | undefined;
  /** Do not go into other file systems; their mount points are kept as empty folders. */
  readonly oneFileSystem?: boolean | undefined;
  /** Folders to keep empty and files to leave out, by any of their names: the repository's. */
  readonly skip?: ReadonlySet<string> | undefined;
  /** Of a folder with a valid CACHEDIR.TAG take that file only. */
  readonly excludeCaches?: boolean | undefined;
  /** Mark files that begin as SQLite databases do, and leave out their sidecars. */
  readonly detectDatabases?: boolean | undefined;
  /** Absolute paths of databases whatever their content. */
  readonly databases?: ReadonlySet<string> | undefined;
  /** Absolute paths that stand for what they lead to, where they are links. */
  readonly follow?: ReadonlySet<string> | undefined;
  /** Where to find what belongs at a path, for files that were moved away meanwhile. */
  readonly locate?: ((path: string) => string) | undefined;
  /** What `lstat` told of a regular file since the walk is said to have begun. */
  readonly seenAhead?: ((path: string) => EntryStats | undefined) | undefined;
  /** Nodes of an earlier walk, told again where nothing changed. */
  readonly known?: KnownEntries | undefined;
  /** Asked before a file is opened to look for a database: true if it is known to be none. */
  readonly isKnownPlain?: ((path: string, node: Node) => boolean) | undefined;
  /** How the content of a file is read, if anybody asks. */
  readonly read: (path: string, node: Node) => FileReading;
}

/** A folder being walked. */
interface Frame {
  readonly path: string;
  readonly node: Node;
  readonly names: NameQueue;
  /** All of its entries belong to the backup, not only those of `target`. */
  readonly covered: boolean;
  readonly target: Target | undefined;
  /** Of the path asked for that this folder lies in: the file system not to be left. */
  readonly device: bigint | undefined;
  /** Databases met in this folder that are known without a look; they come before their sidecars. */
  readonly databases: Set<string>;
}

interface Place {
  readonly name: string;
  readonly path: string;
  /** Where to read what stands there, when `path` itself is a link that is followed. */
  readonly real?: string | undefined;
  readonly target: Target | undefined;
  readonly parent: Frame | undefined;
}

interface Entered extends Pick<Frame, 'covered' | 'device'> {
  readonly names: NameQueue;
  readonly stats: EntryStats;
}

const ENTRIES_PER_TURN = 64;

/** What cannot be read comes as a `problem`, and the walk goes on. May be walked again. */
export async function* walkPaths(
  options: WalkOptions,
  { signal }: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<SourceEntry> {
  const walk = new Walk(options);
  let entry = walk.next();
  for (let count = 1; entry !== undefined; count += 1) {
    signal?.throwIfAborted();
    yield entry;
    // The calls below are synchronous, which is several times faster than the thread pool.
    if (count % ENTRIES_PER_TURN === 0) await nextTurn();
    entry = walk.next();
  }
}

class Walk {
  readonly #options: WalkOptions;
  readonly #exclude: ExcludeMatcher;
  readonly #skip: ReadonlySet<string>;
  readonly #ready: SourceEntry[] = [];
  readonly #stack: Frame[] = [];

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#exclude = options.exclude ?? excludeNothing;
    this.#skip = identities(options.skip ?? []);
    const { root, pathCount, problems } = collectTargets(options.paths);
    this.#ready.push(...problems);
    if (pathCount > 0) this.#visit({ name: '/', path: '/', target: root, parent: undefined });
  }

  next(): SourceEntry | undefined {
    while (this.#ready.length === 0) {
      const frame = this.#stack.at(-1);
      if (frame === undefined) return undefined;
      this.#advance(frame);
    }
    return this.#ready.shift();
  }

  #advance(frame: Frame): void {
    const name = frame.names.next();
    if (name === undefined) {
      this.#stack.pop();
      const isNamed = frame.target?.explicit === true;
      const loss = isNamed ? findLoss(frame.path, this.#locate(frame.path)) : undefined;
      if (loss !== undefined) this.#report(frame.path, loss);
      this.#ready.push({ kind: 'directory-end', path: frame.path, node: frame.node });
      return;
    }
    const path = joinPath(frame.path, name);
    const target = frame.target?.children.get(name);
    if (target === undefined && this.#exclude.matches(path)) return;
    if (this.#isSidecar(frame, name)) return;
    this.#visit({ name, path, target, parent: frame });
  }

  /** Queues what stands at one place, if anything does. */
  #visit(place: Place): void {
    try {
      const at = this.#locate(place.path);
      const stats = this.#options.seenAhead?.(at) ?? lstatSync(fsPath(at), { bigint: true });
      if (at !== place.path) this.#take({ ...place, real: at }, stats);
      else if (!stats.isSymbolicLink()) this.#take(place, stats);
      else if (this.#options.follow?.has(place.path) === true) this.#follow(place);
      else if (isOnTheWay(place)) this.#passThrough(place);
      else this.#take(place, stats);
    } catch (error) {
      // Gone since its folder was listed: that is normal, unless it was asked for by name.
      if (!isGone(error)) this.#report(place.path, unreadable(place.path, error));
      else if (place.target !== undefined) {
        const { path } = place;
        this.#report(path, new KeepsakeError('SOURCE_PATH_MISSING', { path }, { cause: error }));
      }
    }
  }

  #follow(place: Place): void {
    const real = decodeRawName(realpathSync(fsPath(place.path), { encoding: 'buffer' }));
    this.#take({ ...place, real }, lstatSync(fsPath(real), { bigint: true }));
  }

  #take(place: Place, stats: EntryStats): void {
    if (stats.isSocket() || (!stats.isDirectory() && this.#skip.has(identity(stats)))) return;
    if (stats.isDirectory()) {
      this.#enter(place, stats);
      return;
    }
    const { parent } = place;
    if (place.target === undefined && this.#isBeyond(parent?.device, stats)) return;
    const { node, problem } = this.#node(place, stats);
    const leaf = node.type === 'file' ? this.#fileLeaf(place, node, stats) : undefined;
    if (problem !== undefined) this.#report(place.path, problem);
    this.#ready.push(leaf ?? { kind: 'leaf', path: place.path, node });
  }

  #enter(place: Place, stats: EntryStats): void {
    const { parent, target } = place;
    const explicit = target?.explicit === true;
    const device = explicit ? stats.dev : parent?.device;
    const closed = this.#skip.has(identity(stats)) || this.#isBeyond(device, stats);
    const covered = (parent?.covered === true || explicit) && !closed;
    const names = covered ? this.#list(place, stats) : targetNames(target);
    if (names !== undefined) this.#push(place, { names, covered, device, stats });
  }

  /** A link on the way to a path beyond it stands as a folder that holds only that path. */
  #passThrough(place: Place): void {
    const stats = statSync(fsPath(place.path), { bigint: true });
    const names = targetNames(place.target);
    this.#push(place, { names, covered: false, device: undefined, stats });
  }

  #push(place: Place, { stats, names, ...rest }: Entered): void {
    const { path, target } = place;
    const { node, problem } = this.#node(place, stats);
    if (problem !== undefined) this.#report(path, problem);
    this.#stack.push({ path, target, node, names, databases: new Set(), ...rest });
    const isWhole = rest.covered && !isOnTheWay(place);
    const skip = { nameCount: names.length, skip: () => names.clear() };
    this.#ready.push({ kind: 'directory-start', path, ...(isWhole && skip) });
  }

  #node({ name, path, real = path, parent }: Place, stats: EntryStats): NodeRead {
    const { known } = this.#options;
    const earlier = parent && known?.find(parent.path, name);
    if (known !== undefined && earlier !== undefined && isSameEntry(earlier, stats, known)) {
      return { node: earlier };
    }
    return readNode(name, real, stats);
  }

  #isBeyond(device: bigint | undefined, stats: EntryStats): boolean {
    return this.#options.oneFileSystem === true && device !== undefined && device !== stats.dev;
  }

  /** `undefined` when the folder cannot be listed and nothing in it was asked for by name. */
  #list({ path, target }: Place, { size }: EntryStats): NameQueue | undefined {
    try {
      const at = this.#locate(path);
      const names = listFolder(at, size);
      return this.#options.excludeCaches === true ? onlyCacheTag(at, names) : names;
    } catch (error) {
      if (isGone(error)) throw error;
      this.#report(path, unreadable(path, error));
      return target === undefined || target.children.size === 0 ? undefined : targetNames(target);
    }
  }

  #fileLeaf({ name, path, real = path, parent }: Place, node: Node, stats: EntryStats): Leaf {
    const read = (): FileReading => this.#options.read(real, node);
    const leaf: Leaf = { kind: 'leaf', path, node, read, seen: { path: real, stats } };
    const { databases, detectDatabases, isKnownPlain } = this.#options;
    const isEmpty = node.size === 0;
    if (databases?.has(path) === true || (detectDatabases && isEmpty && hasFilledWal(real))) {
      parent?.databases.add(name);
      return { ...leaf, database: true };
    }
    if (!detectDatabases || isEmpty || isKnownPlain?.(path, node) === true) return leaf;
    return { ...leaf, looksLikeDatabase: () => hasDatabaseMagic(real) };
  }

  #isSidecar(frame: Frame, name: string): boolean {
    const database = databaseOfSidecar(name);
    if (database === undefined) return false;
    if (frame.databases.has(database)) return true;
    const path = joinPath(frame.path, database);
    if (this.#options.databases?.has(path) === true) return true;
    // Of a database that a pattern left out the sidecars are of no use either.
    return this.#options.detectDatabases === true && looksLikeDatabase(this.#locate(path));
  }

  #locate(path: string): string {
    return this.#options.locate?.(path) ?? path;
  }

  #report(path: string, error: KeepsakeError): void {
    this.#ready.push({ kind: 'problem', path, error });
  }
}

/** Something below it was asked for by name. */
function isOnTheWay({ target }: Place): boolean {
  return target !== undefined && target.children.size > 0;
}

function targetNames(target: Target | undefined): NameQueue {
  return NameQueue.of(target?.children.keys() ?? []);
}

function identities(paths: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (const path of paths) {
    const stats = statSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined) found.add(identity(stats));
  }
  return found;
}

/** The same folder whatever its name: symbolic links and bind mounts lead to it too. */
function identity({ dev, ino }: EntryStats): string {
  return `${dev}:${ino}`;
}
