/** From flags and config to the input of a backup. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { chooseApp, resolveApp, type ResolvedApp } from '../config/resolve-app.ts';
import type { Config } from '../config/schema.ts';
import type { CompressionMode } from '../format/compression.ts';
import type { CaptureMethod } from '../sqlite/capture.ts';
import type { BackupInput, BackupOrigin, BackupSubject } from '../operations/backup-input.ts';
import { recordMachine } from '../operations/rebuild/record-machine.ts';
import type { Workbench } from '../operations/workbench.ts';
import type { FileReference } from '../snapshot/cross-check.ts';
import { parseExcludeFile } from '../source/excludes.ts';
import { readAppVersion } from './read-app-version.ts';
import type { CommandContext } from './command-context.ts';

export interface BackupFlags {
  readonly app?: string;
  readonly only?: string;
  readonly tag: readonly string[];
  readonly host?: string;
  readonly time?: string;
  readonly exclude: readonly string[];
  readonly excludeFile: readonly string[];
  readonly excludeCaches?: boolean;
  readonly oneFileSystem?: boolean;
  readonly dryRun?: boolean;
  readonly capture?: string;
  readonly checkDatabase?: boolean;
  readonly compression: string;
  readonly packSize?: string;
}

const COMPRESSION_MODES: readonly CompressionMode[] = ['off', 'auto', 'fastest', 'better', 'max'];

export async function readBackupInput(
  context: CommandContext,
  paths: readonly string[],
  flags: BackupFlags,
): Promise<{ workbench: Workbench; input: BackupInput }> {
  const { host, packSize } = flags;
  const settings = await context.settings({ host, packSize });
  const { subject, app } = await readSubject(context, paths, flags);
  const config = await context.config();
  const input: BackupInput = {
    repository: await context.repositoryChoice(settings),
    subject,
    origin: app === undefined || config === undefined ? undefined : await readOrigin(app, config),
    hostname: settings.host ?? hostname(),
    tags: parseTags(flags.tag),
    time: flags.time === undefined ? undefined : parseTime(flags.time),
    only: parseOnly(flags.only, subject),
    excludeCaches: flags.excludeCaches === true,
    oneFileSystem: flags.oneFileSystem === true,
    dryRun: flags.dryRun === true,
    wantItems: context.output.verbosity > 0,
    wantUnmodified: context.output.verbosity > 1,
    compression: parseCompression(flags.compression),
    packSizeBytes: settings.packSizeBytes,
    captureMethod: parseCaptureMethod(flags.capture) ?? config?.capture.method,
    databaseCheck: flags.checkDatabase === true ? 'always' : config?.capture.check,
    lockLimitMs: config?.capture.lockLimitMs,
    busyLimitMs: config?.capture.busyLimitMs,
    lockWaitMs: context.lockWaitMs(),
    signal: context.signal,
  };
  return { workbench: context.workbench(settings), input };
}

async function readSubject(
  context: CommandContext,
  paths: readonly string[],
  flags: BackupFlags,
): Promise<{ subject: BackupSubject; app?: ResolvedApp | undefined }> {
  const excludes = [...flags.exclude, ...(await readExcludeFiles(context, flags.excludeFile))];
  if (paths.length > 0 && flags.app === undefined) {
    const absolute = [...new Set(paths.map((path) => context.path(path)))];
    const none = { optionalPaths: [], databases: [], references: [] };
    return { subject: { paths: absolute, ...none, excludes } };
  }
  const config = await context.config();
  if (config === undefined) throw nothingToBackUp();
  const app = resolveApp(config, chooseApp(config, flags.app), { exists: existsSync });
  const morePaths = paths.map((path) => context.path(path));
  return { subject: appSubject(app, morePaths, excludes), app };
}

async function readOrigin(app: ResolvedApp, { fileName }: Config): Promise<BackupOrigin> {
  try {
    const configBytes = await readFile(fileName);
    return { configBytes, machine: recordMachine(app, fileName) };
  } catch (error) {
    const reason = describeCause(error);
    throw new KeepsakeError('CONFIG_UNREADABLE', { file: fileName, reason }, { cause: error });
  }
}

/** Paths beside `--app` are backed up with the app. */
export function appSubject(
  app: ResolvedApp,
  morePaths: readonly string[],
  excludes: readonly string[],
): BackupSubject {
  return {
    app: app.name,
    appVersion: app.versionFile === undefined ? undefined : readAppVersion(app.versionFile),
    paths: [...new Set([...app.paths, ...morePaths])],
    optionalPaths: app.optionalPaths,
    databases: app.databases,
    references: appReferences(app),
    excludes: [...app.exclude, ...excludes],
  };
}

export function appReferences({ references }: ResolvedApp): FileReference[] {
  return references.map(({ ignore, ...reference }) => ({
    ...reference,
    ignoreUrls: ignore === 'url',
  }));
}

function nothingToBackUp(): KeepsakeError {
  return new KeepsakeError('CLI_USAGE', {
    problem: 'nothing to back up: no path was given and there is no keepsake.yaml',
    command: 'keepsake backup',
  });
}

async function readExcludeFiles(
  context: CommandContext,
  files: readonly string[],
): Promise<string[]> {
  const patterns: string[] = [];
  for (const file of files) {
    const path = context.path(file);
    try {
      const text = file === '-' ? await context.host.readStdin() : await readFile(path, 'utf8');
      patterns.push(...parseExcludeFile(text, context.host.environment));
    } catch (error) {
      const reason = describeCause(error);
      throw new KeepsakeError('CLI_FILE_UNREADABLE', { path, reason }, { cause: error });
    }
  }
  return patterns;
}

/** Of `--tag`: repeated, or separated by commas. */
export function parseTags(lists: readonly string[]): string[] {
  return lists.flatMap((list) => list.split(',')).filter((tag) => tag !== '');
}

export function parseTime(text: string): Date {
  const time = new Date(text.replace(' ', 'T'));
  if (!Number.isNaN(time.getTime())) return time;
  const problem = `"${text}" is no time such as 2026-11-24T08:00:00Z`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--time', problem });
}

function parseOnly(text: string | undefined, subject: BackupSubject): 'database' | undefined {
  if (text === undefined) return undefined;
  const problem =
    text !== 'database'
      ? `"${text}" is no part that can be backed up alone; there is: database`
      : subject.databases.length === 0
        ? 'needs an app whose databases the config names'
        : undefined;
  if (problem === undefined) return 'database';
  throw new KeepsakeError('SETTING_INVALID', { name: '--only', problem });
}

function parseCaptureMethod(text: string | undefined): CaptureMethod | undefined {
  if (text === undefined || text === 'raw' || text === 'backup') return text;
  const problem = `"${text}" is not one of raw, backup`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--capture', problem });
}

export function parseCompression(text: string): CompressionMode {
  const mode = COMPRESSION_MODES.find((known) => known === text);
  if (mode !== undefined) return mode;
  const problem = `"${text}" is not one of ${COMPRESSION_MODES.join(', ')}`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--compression', problem });
}
