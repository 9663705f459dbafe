/** Walks of the real file system, as entries and as text. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { isDatabaseLeaf } from '../../src/source/database-leaf.ts';
import type { TempFolder } from './temp-folder.ts';
import type { SourceEntry } from '../../src/source/source.ts';
import { walkPaths, type WalkOptions } from '../../src/source/walk.ts';

export function refuseToRead(path: string): never {
  throw new Error(`the walk read ${path}`);
}

export async function entriesOf(options: Omit<WalkOptions, 'read'>): Promise<SourceEntry[]> {
  return await Array.fromAsync(walkPaths({ read: refuseToRead, ...options }));
}

/** `+` a folder begins, `-` it ends, `!` a problem with its code, `=` a database. */
export async function walkText(
  dir: TempFolder,
  options: Partial<WalkOptions> = {},
): Promise<string[]> {
  const entries = await entriesOf({ paths: [dir.path], ...options });
  return entries
    .filter(({ path }) => path.startsWith(`${dir.path}/`))
    .map((entry) => {
      const path = entry.path.slice(dir.path.length + 1);
      if (entry.kind === 'directory-start') return `+ ${path}`;
      if (entry.kind === 'directory-end') return `- ${path}`;
      if (entry.kind === 'problem') return `! ${path} ${(entry.error as { code: string }).code}`;
      return `${isDatabaseLeaf(entry) ? '=' : ' '} ${path}`;
    });
}

export function layOut(dir: TempFolder, files: readonly string[]): void {
  for (const file of files) {
    if (file.includes('/')) mkdirSync(dir.join(file, '..'), { recursive: true });
    if (file.endsWith('/')) mkdirSync(dir.join(file), { recursive: true });
    else writeFileSync(dir.join(file), file);
  }
}

export async function nodeOf(
  path: string,
): Promise<Extract<SourceEntry, { kind: 'leaf' }>['node']> {
  const entries = await entriesOf({ paths: [path] });
  const entry = entries.find((one) => one.path === path && one.kind !== 'directory-start');
  if (entry === undefined || !('node' in entry)) throw new Error(`no node of ${path}`);
  return entry.node;
}
