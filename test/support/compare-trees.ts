/**
 * Compares two folders completely and says each difference in a line. Made to judge a restore, so
 * nothing of `src/` is used here: names are bytes, facts come from lstat and libc.
 */
import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { readXattrs } from './posix.ts';

export type ComparedFact =
  | 'type'
  | 'mode'
  | 'owner'
  | 'mtime'
  | 'size'
  | 'content'
  | 'target'
  | 'hard-links'
  | 'xattrs'
  | 'device';

export interface CompareOptions {
  readonly ignore?: readonly ComparedFact[];
  /** Entries left out on both sides, with all below; the path is relative, a character a byte. */
  readonly skip?: (path: string) => boolean;
}

interface Entry {
  readonly path: string;
  readonly full: Buffer;
  readonly stat: BigIntStats;
}

type Facts = ReadonlyMap<ComparedFact, string>;

/** Empty when equal. `expected` and `actual` themselves are compared too, as `.`. */
export async function compareTrees(
  expected: string,
  actual: string,
  { ignore = [], skip = () => false }: CompareOptions = {},
): Promise<string[]> {
  const [wanted, found] = await Promise.all([
    readTree(expected, ignore, skip),
    readTree(actual, ignore, skip),
  ]);
  const differences: string[] = [];
  for (const [path, facts] of wanted) {
    const other = found.get(path);
    if (other === undefined) differences.push(`${show(path)}: missing`);
    else differences.push(...compareFacts(path, facts, other));
  }
  for (const path of found.keys()) {
    if (!wanted.has(path)) differences.push(`${show(path)}: should not be there`);
  }
  return differences;
}

function compareFacts(path: string, wanted: Facts, found: Facts): string[] {
  const names = new Set([...wanted.keys(), ...found.keys()]);
  return [...names]
    .filter((name) => wanted.get(name) !== found.get(name))
    .map((name) => {
      const [before, after] = [wanted.get(name), found.get(name)];
      return `${show(path)}: ${name} is ${after ?? 'absent'}, should be ${before ?? 'absent'}`;
    });
}

async function readTree(
  root: string,
  ignore: readonly ComparedFact[],
  skip: (path: string) => boolean,
): Promise<Map<string, Facts>> {
  const entries = [...walk({ path: '.', full: Buffer.from(root), stat: lstat(root) }, skip)];
  const groups = hardLinkGroups(entries);
  const tree = new Map<string, Facts>();
  for (const entry of entries) {
    const facts = await readFacts(entry, groups);
    for (const name of ignore) facts.delete(name);
    tree.set(entry.path, facts);
  }
  return tree;
}

function* walk(entry: Entry, skip: (path: string) => boolean): Generator<Entry> {
  yield entry;
  if (!entry.stat.isDirectory()) return;
  const names = readdirSync(entry.full, { encoding: 'buffer' }).sort((a, b) => a.compare(b));
  for (const name of names) {
    const text = Buffer.from(name).toString('latin1');
    const path = entry.path === '.' ? text : `${entry.path}/${text}`;
    if (skip(path)) continue;
    const full = Buffer.concat([entry.full, Buffer.from('/'), name]);
    yield* walk({ path, full, stat: lstat(full) }, skip);
  }
}

/** Inode numbers differ between trees; which names share one must not. */
function hardLinkGroups(entries: readonly Entry[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { path, stat } of entries) {
    if (stat.isDirectory() || stat.nlink < 2n) continue;
    const key = inodeKey(stat);
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  return groups;
}

async function readFacts(
  { path, full, stat }: Entry,
  groups: Map<string, string[]>,
): Promise<Map<ComparedFact, string>> {
  const facts = new Map<ComparedFact, string>([
    ['type', typeOf(stat)],
    ['owner', `${stat.uid}:${stat.gid}`],
    ['mtime', String(stat.mtimeNs)],
    ['xattrs', describeXattrs(full)],
  ]);
  if (!stat.isSymbolicLink()) facts.set('mode', (stat.mode & 0o7777n).toString(8));
  const group = (groups.get(inodeKey(stat)) ?? []).filter((other) => other !== path);
  if (group.length > 0) facts.set('hard-links', group.map(show).join(' '));
  if (stat.isBlockDevice() || stat.isCharacterDevice()) facts.set('device', String(stat.rdev));
  if (stat.isSymbolicLink()) {
    facts.set('target', show(readlinkSync(full, { encoding: 'buffer' }).toString('latin1')));
  }
  if (stat.isFile()) {
    facts.set('size', String(stat.size));
    facts.set('content', await hashFile(full));
  }
  return facts;
}

function typeOf(stat: BigIntStats): string {
  const types: [boolean, string][] = [
    [stat.isFile(), 'file'],
    [stat.isDirectory(), 'folder'],
    [stat.isSymbolicLink(), 'symlink'],
    [stat.isFIFO(), 'fifo'],
    [stat.isSocket(), 'socket'],
    [stat.isBlockDevice(), 'block device'],
    [stat.isCharacterDevice(), 'character device'],
  ];
  return types.find(([is]) => is)?.[1] ?? 'unknown';
}

function describeXattrs(full: Buffer): string {
  const pairs = [...readXattrs(full)].filter(([name]) => name !== 'security.selinux');
  return pairs.map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`).join(' ');
}

async function hashFile(full: Buffer): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(full), hash);
  return hash.digest('hex');
}

function lstat(path: string | Buffer): BigIntStats {
  return lstatSync(path, { bigint: true });
}

function inodeKey(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}

/** Bytes beyond ASCII appear as \xHH: two names that look alike must not read alike. */
function show(latin1: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is shown
  const text = latin1.replace(/[\x00-\x1f\x7f-\xff]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
