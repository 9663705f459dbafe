/** What a command's action works with: settings, output, the repository of its choice. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import {
  configFileOf,
  CONFIG_SEARCH,
  requirePassword,
  requireRepository,
  resolveSettings,
  resolveStateFolder,
  type Settings,
} from '../config/environment.ts';
import type { PasswordSetting, RepositorySetting } from '../config/repository-settings.ts';
import type { Config } from '../config/schema.ts';
import { parseDuration } from '../config/units.ts';
import { errnoCode } from '../host/system-call-error.ts';
import { collectAllTheTime, collectOften } from '../host/collector.ts';
import { runProgram } from '../host/run-program.ts';
import type { RepositoryChoice, Workbench } from '../operations/workbench.ts';
import { askHidden, askNewPassword, canAsk } from './ask-password.ts';
import type { CliHost } from './cli-host.ts';
import type { GlobalOptions } from './global-options.ts';
import type { RunFacts, RunNote } from './run-note.ts';
import { readSettingFile } from './read-setting-file.ts';
import type { Output } from './output.ts';

const DEFAULT_LOCK_WAIT_MS = 60_000;

/** Flags of single commands that are settings, too. */
export interface CommandFlags {
  readonly host?: string | undefined;
  readonly packSize?: string | undefined;
}

export class CommandContext {
  readonly host: CliHost;
  readonly options: GlobalOptions;
  readonly output: Output;
  /** Of commands whose runs the history keeps. */
  run: RunNote | undefined;
  #config: Promise<Config | undefined> | undefined;
  readonly #noticed = new Set<string>();

  constructor(host: CliHost, options: GlobalOptions, output: Output) {
    this.host = host;
    this.options = options;
    this.output = output;
  }

  get signal(): AbortSignal {
    return this.host.signal;
  }

  /** From here on the history will have this run, whatever becomes of it. */
  startRun(verb: string, facts: RunFacts = {}): void {
    const { clock } = this.host.workbench;
    this.run = { verb, facts, startedAt: clock.now(), startedMs: clock.monotonicMs() };
  }

  noteRun(facts: RunFacts): void {
    if (this.run !== undefined) this.run.facts = { ...this.run.facts, ...facts };
  }

  /** Also of a command whose settings are wrong. */
  async stateFolder(): Promise<string> {
    const { environment: variables, isRoot, home } = this.host;
    const config = await this.config().catch(() => undefined);
    return this.path(resolveStateFolder({ variables, isRoot, home, config }));
  }

  /** The config file, if one is named or lies where it is looked for. */
  config(): Promise<Config | undefined> {
    this.#config ??= this.#loadConfig();
    return this.#config;
  }

  async settings(flags: CommandFlags = {}): Promise<Settings> {
    const { options, host } = this;
    const settings = resolveSettings({
      flags: {
        repository: options.repo,
        repositoryFile: options.repositoryFile,
        passwordFile: options.passwordFile,
        passwordCommand: options.passwordCommand,
        cache: options.cacheDir,
        noCache: !options.cache,
        keyHint: options.keyHint,
        ...flags,
      },
      variables: host.environment,
      config: await this.config(),
      isRoot: host.isRoot,
      home: host.home,
    });
    for (const warning of settings.warnings) this.#noticeOnce(warning);
    return settings;
  }

  workbench(settings: Settings): Workbench {
    if (this.options.lowMemory === true) {
      collectOften();
      collectAllTheTime();
    }
    return {
      ...this.host.workbench,
      scratchFolder: this.path(settings.scratch),
      lowMemory: this.options.lowMemory,
      warn: (message) => this.output.notice(message),
    };
  }

  /** Settings are asked for in several places of one command. */
  #noticeOnce(message: string): void {
    if (this.#noticed.has(message)) return;
    this.#noticed.add(message);
    this.output.notice(message);
  }

  /**
   * Reads the password, runs the command that gives it, or asks for it at the terminal: for a
   * repository that is to be made, twice.
   */
  async repositoryChoice(
    settings: Settings,
    { isNew = false }: { isNew?: boolean } = {},
  ): Promise<RepositoryChoice> {
    const location = await this.location(requireRepository(settings));
    this.noteRun({ repository: location });
    const password = await this.#passwordFor(settings, { location, isNew });
    return { location, password, cacheFolder: settings.cache, keyHint: settings.keyHint };
  }

  async #passwordFor(
    settings: Settings,
    { location, isNew }: { location: string; isNew: boolean },
  ): Promise<string> {
    if (settings.password !== undefined || !canAsk(this.host)) {
      const password = await this.password(requirePassword(settings));
      if (isNew && password === '') throw new KeepsakeError('PASSWORD_EMPTY', {});
      return password;
    }
    if (isNew) return askNewPassword(this.host, `new password for ${location}`);
    return askHidden(this.host, `password for ${location}: `);
  }

  async location(setting: RepositorySetting): Promise<string> {
    const text =
      setting.kind === 'url' ? setting.url : await readSettingFile(this.path(setting.path));
    // A path is made absolute here; anything with a scheme is the backend's to understand.
    return /^[a-z0-9]+:/i.test(text) || text === '' ? text : this.path(text);
  }

  async password(setting: PasswordSetting): Promise<string> {
    if (setting.kind === 'value') return setting.password;
    if (setting.kind === 'file') return readSettingFile(this.path(setting.path));
    const { exitCode, stdout } = await runProgram(setting.argv, { signal: this.signal });
    if (exitCode === 0) return stdout.trim();
    const problem = `the command ended with exit code ${exitCode ?? 'none (killed)'}`;
    throw new KeepsakeError('SETTING_INVALID', { name: setting.origin, problem });
  }

  /** Relative to where the command was called, but not that folder where a variable was not set. */
  path(path: string): string {
    if (path === '') {
      const problem =
        'a path is empty: is a variable of your shell not set? The folder here is "."';
      throw new KeepsakeError('CLI_USAGE', { problem, command: 'keepsake' });
    }
    return resolve(this.host.workingFolder, path);
  }

  lockWaitMs(): number {
    const { lockWait } = this.options;
    if (lockWait === undefined) return DEFAULT_LOCK_WAIT_MS;
    return this.duration('--lock-wait', lockWait);
  }

  duration(name: string, text: string): number {
    const durationMs = text === '0' ? 0 : parseDuration(text);
    if (durationMs !== undefined) return durationMs;
    const problem = `"${text}" is no duration such as "30 s" or "5 min"`;
    throw new KeepsakeError('SETTING_INVALID', { name, problem });
  }

  /** `none` with `--no-lock`, for commands that only read. */
  readingLock(): 'shared' | 'none' {
    return this.options.lock ? 'shared' : 'none';
  }

  async #loadConfig(): Promise<Config | undefined> {
    const named = configFileOf(this.options.config, this.host.environment);
    const searched = named === undefined ? CONFIG_SEARCH : [named];
    for (const candidate of searched) {
      const file = this.path(candidate);
      const text = await readConfigText(file);
      if (text === undefined) continue;
      const { parseConfig } = await import('../config/load-config.ts');
      return parseConfig(text, { fileName: file });
    }
    if (named === undefined) return undefined;
    throw new KeepsakeError('CONFIG_MISSING', { searched: [this.path(named)] });
  }
}

async function readConfigText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new KeepsakeError('CONFIG_UNREADABLE', { file, reason: code ?? '' }, { cause: error });
  }
}
