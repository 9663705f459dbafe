/**
 * Where a git checkout came from and at which commit it stands, read from the files of `.git` without
 * running git: it would have to run as the checkout's owner (safe.directory), and its hooks and
 * filters are programs of whoever may write there.
 *
 * Sources: gitrepository-layout(5), git-config(1) "Syntax", git-worktree(1) for `commondir`.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface GitCheckout {
  /** Of the remote `origin`, without user and password; absent where there is none that tells. */
  readonly origin?: string;
  readonly commit?: string;
}

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const REF = /^refs\/[\w./@+-]+$/;
const MOST_BYTES = 8 << 20;

/** `undefined` where `folder` is no checkout, or not ours to read. */
export function readGitCheckout(folder: string): GitCheckout | undefined {
  const gitFolder = gitFolderOf(folder);
  if (gitFolder === undefined) return undefined;
  const head = readSmall(join(gitFolder, 'HEAD'))?.trim();
  if (head === undefined) return undefined;
  const shared = readSmall(join(gitFolder, 'commondir'))?.trim();
  const common = shared === undefined ? gitFolder : resolve(gitFolder, shared);
  const commit = commitOf(head, [gitFolder, common]);
  const origin = originOf(readSmall(join(common, 'config')) ?? '');
  return { ...(origin !== undefined && { origin }), ...(commit !== undefined && { commit }) };
}

/** `.git` itself, or what the file of that name leads to. */
function gitFolderOf(folder: string): string | undefined {
  const path = join(folder, '.git');
  if (readSmall(join(path, 'HEAD')) !== undefined) return path;
  const link = /^gitdir: (.+)/.exec(readSmall(path) ?? '')?.[1]?.trim();
  return link === undefined ? undefined : resolve(dirname(path), link);
}

function commitOf(head: string, folders: readonly string[]): string | undefined {
  if (COMMIT.test(head)) return head;
  const ref = /^ref: (.+)/.exec(head)?.[1]?.trim() ?? '';
  if (!REF.test(ref) || ref.includes('..')) return undefined;
  for (const folder of folders) {
    const loose = readSmall(join(folder, ref))?.trim() ?? '';
    if (COMMIT.test(loose)) return loose;
  }
  const packed = readSmall(join(folders.at(-1) ?? '', 'packed-refs')) ?? '';
  const line = packed.split('\n').find((each) => each.endsWith(` ${ref}`));
  const commit = line?.split(' ')[0] ?? '';
  return COMMIT.test(commit) ? commit : undefined;
}

function originOf(config: string): string | undefined {
  let section = '';
  for (const line of config.split('\n').map((each) => each.trim())) {
    if (line.startsWith('[')) section = line;
    const url = /^url\s*=\s*(.*)$/.exec(line)?.[1];
    if (url === undefined || section !== '[remote "origin"]') continue;
    return withoutCredentials(valueOf(url));
  }
  return undefined;
}

/** A value with quotes or escapes is rare for a URL: what they mean beside `"` is not guessed. */
function valueOf(text: string): string {
  const quoted = /^"([^"\\]*)"$/.exec(text)?.[1];
  return quoted ?? text.replace(/\s+[#;].*$/, '');
}

/**
 * Fit to be stored and typed: of https nothing but host and path, for a token may stand anywhere
 * else; of ssh the user stays, who is no secret. `undefined` for what cannot be told apart.
 */
export function withoutCredentials(text: string): string | undefined {
  if (text === '' || text.startsWith('-') || text.includes('::')) return undefined;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    return /^[^/]*:[^/]*@/.test(text) ? undefined : text; // a path, or user@host:path
  }
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!/^(?:ssh|git\+ssh):$/.test(url.protocol)) url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return url.href;
}

/** The app may have put anything there: a link is not followed, a FIFO not waited for. */
function readSmall(path: string): string | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile() || stats.size > MOST_BYTES) return undefined;
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
