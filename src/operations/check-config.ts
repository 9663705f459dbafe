/** `config check`: what the apps of a config come to on this machine. Looks only. */
import { existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { isKeepsakeError, type KeepsakeError } from '../base/errors/keepsake-error.ts';
import { resolveApp, type ResolvedApp } from '../config/resolve-app.ts';
import type { Config } from '../config/schema.ts';
import { errnoCode } from '../host/system-call-error.ts';
import { sniffDatabase, SQLITE_MAGIC } from '../sqlite/database-file.ts';

export type DatabaseState = 'found' | 'missing' | 'empty' | 'no-database' | 'unreadable';

export interface CheckedApp {
  readonly app: ResolvedApp;
  readonly databases: readonly { readonly path: string; readonly state: DatabaseState }[];
  readonly paths: readonly {
    readonly path: string;
    readonly isThere: boolean;
    readonly isOptional: boolean;
  }[];
}

export interface ConfigVerdict {
  readonly apps: readonly CheckedApp[];
  /** Apps that cannot be backed up as the config stands. */
  readonly errors: readonly KeepsakeError[];
}

export async function checkApps(config: Config): Promise<ConfigVerdict> {
  const apps: CheckedApp[] = [];
  const errors: KeepsakeError[] = [];
  for (const name of Object.keys(config.apps)) {
    try {
      apps.push(await checkApp(resolveApp(config, name, { exists: existsSync })));
    } catch (error) {
      if (!isKeepsakeError(error)) throw error;
      errors.push(error);
    }
  }
  return { apps, errors };
}

/** What would make its backup fail or be incomplete. */
export function appProblems({ databases, paths }: CheckedApp): string[] {
  const bad: Partial<Record<DatabaseState, string>> = {
    missing: 'does not exist',
    empty: 'is empty',
    'no-database': 'is no SQLite database',
    unreadable: 'may not be read by this user',
  };
  return [
    ...databases.flatMap(({ path, state }) =>
      bad[state] === undefined ? [] : [`database ${path} ${bad[state]}`],
    ),
    ...paths.flatMap(({ path, isThere, isOptional }) =>
      isThere || isOptional || databases.some((database) => database.path === path)
        ? []
        : [`${path} does not exist`],
    ),
  ];
}

async function checkApp(app: ResolvedApp): Promise<CheckedApp> {
  const databases = app.databases.map(async (path) => ({ path, state: await lookAt(path) }));
  const paths = app.paths.map((path) => ({
    path,
    isThere: existsSync(path),
    isOptional: app.optionalPaths.includes(path),
  }));
  return { app, databases: await Promise.all(databases), paths };
}

/** By its first bytes; the sidecars say the rest when the backup reads it. */
async function lookAt(path: string): Promise<DatabaseState> {
  try {
    // Closing a database's file drops the locks this process holds on it: it holds none.
    const file = await open(path);
    try {
      const first = Buffer.alloc(SQLITE_MAGIC.length);
      const { bytesRead } = await file.read(first, 0, first.length, 0);
      if (bytesRead > 0) return sniffDatabase(first) ? 'found' : 'no-database';
      return (await isFilled(`${path}-wal`)) ? 'found' : 'empty';
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    return code === 'EISDIR' ? 'no-database' : 'unreadable';
  }
}

/** A database whose first commit was never copied out of its log has a file of 0 bytes. */
async function isFilled(path: string): Promise<boolean> {
  try {
    return (await stat(path)).size > 0;
  } catch {
    return false; // not there
  }
}
