/** A running app with a repository and a config that says how to drill it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { messages } from './app-lab.ts';
import { CliLab, PASSWORD, type CallOptions } from './cli-lab.ts';
import { printFolder } from './folder-print.ts';
import { startKeepsake } from './keepsake.ts';
import type { RunningProgram } from './run-program.ts';
import type { AppOptions } from './service-lab/app-options.ts';
import type { LabApp } from './service-lab/lab-app.ts';
import { startMailSink, type MailSink } from './service-lab/mail-sink.ts';
import { tempFolder, type TempFolder } from './temp-folder.ts';
import { labAppMain, startLabApp, type LabAppOptions } from './service-lab/start-lab-app.ts';

export interface DrillConfigParts {
  /** Below `drill:`. */
  readonly drill?: Readonly<Record<string, unknown>>;
  /** Below the app. */
  readonly app?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export class DrillLab extends CliLab {
  readonly app: LabApp;
  readonly mails: MailSink;
  readonly scratch: string;

  constructor(dir: TempFolder, { app, mails }: { app: LabApp; mails: MailSink }) {
    super(dir);
    this.app = app;
    this.mails = mails;
    this.scratch = this.join('scratch');
  }

  /** What the drilled copy does; it sends mail when it starts, and calls the live app. */
  setCopy(options: AppOptions): void {
    const all = { mailAtStart: true, ...options };
    writeFileSync(this.#copyOptions, JSON.stringify(all));
  }

  configure({ drill = {}, app = {}, environment = {} }: DrillConfigParts = {}): void {
    const { root, port, health } = this.app;
    const ghost = `http://127.0.0.1:${port}/items`;
    const code = `
      fetch(${JSON.stringify(ghost)}, { method: 'POST', body: '{"name":"ghost"}' }).catch(() => {});
      void import(${JSON.stringify(labAppMain)});
    `;
    const config = {
      host: 'homeserver',
      apps: {
        wishlist: {
          root,
          databases: ['data/prod.db'],
          files: ['data', 'uploads', '.env'],
          references: [
            { database: 'data/prod.db', table: 'items', column: 'imageUrl', folder: 'uploads' },
          ],
          health,
          drill: {
            command: [process.execPath, '--disable-warning=ExperimentalWarning', '-e', code],
            path: '/login',
            timeout: '20s',
            environment: {
              DATABASE_URL: 'file:{root}/data/prod.db',
              PORT: '{port}',
              MAIL_PORT: String(this.mails.port),
              LAB_APP_OPTIONS: this.#copyOptions,
              ...environment,
            },
            ...drill,
          },
          ...app,
        },
      },
    };
    // JSON is YAML.
    writeFileSync(this.#config, JSON.stringify(config));
  }

  /** Where any user may read it. */
  get #copyOptions(): string {
    return this.app.join('copy-options.json');
  }

  get #config(): string {
    return this.join('keepsake.yaml');
  }

  protected override environment(): Record<string, string> {
    return {
      KEEPSAKE_CONFIG: this.#config,
      KEEPSAKE_SCRATCH_DIR: this.scratch,
      KEEPSAKE_STATE_DIR: this.join('state'),
      DATABASE_URL: `file:${this.app.folders.database}`,
    };
  }

  start(args: readonly string[], more: Readonly<Record<string, string>> = {}): RunningProgram {
    const env = { KEEPSAKE_PASSWORD: PASSWORD, ...this.environment(), ...more };
    return startKeepsake(['-r', this.repository, ...args], { home: this.join('home'), env });
  }

  async backUp(): Promise<string> {
    const result = await this.keepsake(['--json', 'backup']);
    return String(messages(result, 'summary')[0]?.['snapshot_id']);
  }

  /** The summary of a drill. */
  async drill(
    args: readonly string[] = [],
    options: CallOptions = {},
  ): Promise<Record<string, unknown>> {
    const result = await this.keepsake(['--json', 'drill', ...args], options);
    return messages(result, 'summary')[0] ?? {};
  }

  /** Everything of the live app's files. */
  async print(): Promise<string[]> {
    const { root } = this.app;
    const folders = [root, `${root}/data`, `${root}/uploads`];
    return (await Promise.all(folders.map(printFolder))).flat();
  }

  /** Of the live app. */
  async namesOfItems(): Promise<string[]> {
    return (await this.app.items()).map(({ name }) => name);
  }

  leftInScratch(): string[] {
    return existsSync(this.scratch) ? readdirSync(this.scratch) : [];
  }

  /** Processes of drilled copies. */
  copiesRunning(): number[] {
    const mark = this.#copyOptions;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && readOrEmpty(`/proc/${name}/environ`).includes(mark))
      .map(Number);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.mails[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** No trace of a drill is left on the machine. */
export function expectNothingLeft(lab: DrillLab): void {
  expect(lab.leftInScratch()).toEqual([]);
  expect(lab.copiesRunning()).toEqual([]);
}

/** With an empty repository. */
export async function openDrillLab(options: LabAppOptions = {}): Promise<DrillLab> {
  const parts = { app: await startLabApp(options), mails: await startMailSink() };
  const lab = new DrillLab(await tempFolder('keepsake-drill-'), parts);
  await lab.initQuickly();
  lab.setCopy({});
  lab.configure();
  return lab;
}
