/** Reads an archive, or a single database with the files beside it, into a table of members. */
import { stat } from 'node:fs/promises';
import { describeCause, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import { groupName, userName } from '../../host/accounts.ts';
import { compileExcludes } from '../../source/excludes.ts';
import { startsWithDatabaseMagic } from '../../source/sqlite-files.ts';
import { readTar, type TarEntry } from '../../source/tar-reader.ts';
import { StreamDigest, type StreamFacts } from '../../snapshot/stream-digest.ts';
import { readContainer, type Container } from './container.ts';
import { isOwnMember, MemberTable, type MemberContent } from './member-table.ts';

/** What to do with the content of a file. */
export type TakeContent = (key: string, entry: TarEntry) => Promise<MemberContent>;

export interface CollectOptions {
  readonly exclude: readonly string[];
  readonly take: TakeContent;
  /** Told after each member. */
  readonly onMember?: ((sizeBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Collected {
  readonly table: MemberTable;
  /** Of the bytes as they lie in the file: of a database those of its sidecars, too. */
  readonly facts: StreamFacts;
  /** Members left out by pattern. */
  readonly excludedCount: number;
}

const MAGIC_BYTES = 16;
/** Taken in one piece. */
const SMALL_BYTES = 128 * 1024;
/** A stale `-shm` of another moment would mislead SQLite. */
const SIDECARS_BESIDE = ['-wal', '-journal'] as const;
/** The only member of a file that is a database; no name in an archive becomes this. */
export const SINGLE_DATABASE = '/database';

export function collectMembers(container: Container, options: CollectOptions): Promise<Collected> {
  return container.kind === 'tar'
    ? collectTar(container, options)
    : collectDatabase(container, options);
}

async function collectTar(container: Container, options: CollectOptions): Promise<Collected> {
  const { take, onMember, signal } = options;
  const { path } = container;
  const digest = new StreamDigest();
  const table = new MemberTable(path);
  const isExcluded = excluderOf(options.exclude);
  let excludedCount = 0;
  for await (const entry of readTar(readContainer(container, { digest, signal }), {
    path,
    signal,
  })) {
    const key = table.keyOf(entry);
    if (isOwnMember(key)) continue;
    if (isExcluded(key)) {
      excludedCount += 1;
      continue;
    }
    const { content: _, whole: __, ...member } = entry;
    const hasContent = entry.type === 'file';
    table.add(key, member, hasContent ? await take(key, entry) : { isDatabase: false });
    onMember?.(entry.sizeBytes);
  }
  if (table.entries.size === 0) {
    throw new KeepsakeError('IMPORT_DAMAGED', { path, why: 'there is no member in it' });
  }
  return { table, facts: digest.finish(), excludedCount };
}

async function collectDatabase(container: Container, options: CollectOptions): Promise<Collected> {
  const digest = new StreamDigest();
  const table = new MemberTable(container.path);
  const isPlain = container.format === 'tar';
  for (const ending of ['', ...(isPlain ? SIDECARS_BESIDE : [])]) {
    const file = { ...container, path: container.path + ending };
    const entry = await entryOfFile(file, SINGLE_DATABASE + ending, { digest, ...options });
    if (entry === undefined) continue;
    const { content: _, ...member } = entry;
    table.add(entry.name, member, await options.take(entry.name, entry));
    options.onMember?.(entry.sizeBytes);
  }
  return { table, facts: digest.finish(), excludedCount: 0 };
}

async function entryOfFile(
  container: Container,
  name: string,
  { digest, signal }: CollectOptions & { digest: StreamDigest },
): Promise<TarEntry | undefined> {
  const { path } = container;
  const found = await stat(fsPath(path), { bigint: true }).catch((cause: unknown) => {
    if (name !== SINGLE_DATABASE) return undefined;
    const reason = describeCause(cause);
    throw new KeepsakeError('IMPORT_UNREADABLE', { path, reason }, { cause });
  });
  if (found === undefined || !found.isFile()) return undefined;
  const [uid, gid] = [Number(found.uid), Number(found.gid)];
  return {
    name,
    type: 'file',
    stMode: Number(found.mode) & 0o7777,
    uid,
    gid,
    user: userName(uid),
    group: groupName(gid),
    mtimeNs: found.mtimeNs,
    // Unpacked it may be another; nothing here goes by it.
    sizeBytes: Number(found.size),
    linkTarget: '',
    device: 0n,
    extendedAttributes: [],
    content: readContainer(container, { digest, signal }),
  };
}

/** For a first look: whether it is a database, and that all of it can be read. */
export async function peekContent(
  _key: string,
  { content, whole, sizeBytes }: TarEntry,
): Promise<MemberContent> {
  if (whole !== undefined && sizeBytes < SMALL_BYTES) {
    return { isDatabase: startsWithDatabaseMagic(await whole()) };
  }
  const head: Uint8Array[] = [];
  let length = 0;
  for await (const part of content) {
    if (length < MAGIC_BYTES) head.push(part.subarray(0, MAGIC_BYTES));
    length += part.length;
  }
  return { isDatabase: startsWithDatabaseMagic(Buffer.concat(head)) };
}

/** A folder's pattern leaves out what is in it, too. */
function excluderOf(patterns: readonly string[]): (key: string) => boolean {
  if (patterns.length === 0) return () => false;
  const matcher = compileExcludes({ patterns });
  return (key) => {
    for (let at = `/${key}`; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      if (matcher.matches(at)) return true;
    }
    return false;
  };
}
