/**
 * The lab's app with its config and a repository: for the command line's restores in place and
 * whatever else changes an app that runs.
 */
import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messages } from './app-lab.ts';
import { CliLab, PASSWORD } from './cli-lab.ts';
import { environmentAt, startKeepsake } from './keepsake.ts';
import { PageShell, type ShellOptions } from './page-shell.ts';
import type { RunningProgram } from './run-program.ts';
import type { AppOptions } from './service-lab/app-options.ts';
import type { LabApp } from './service-lab/lab-app.ts';
import { startLabApp, type LabAppOptions } from './service-lab/start-lab-app.ts';

export class ProtectedApp extends CliLab {
  readonly app: LabApp;
  readonly config: string;

  constructor(app: LabApp) {
    super({
      path: app.join(),
      join: (...parts) => app.join(...parts),
      [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
    });
    this.app = app;
    this.config = app.join('keepsake.yaml');
    this.configure({});
  }

  /** Overrides keys of the app's config. */
  configure(changes: Readonly<Record<string, unknown>>): void {
    const { folders, service, health } = this.app;
    const reference = { database: 'data/prod.db', folder: 'uploads' };
    const app = {
      root: folders.root,
      databases: ['data/prod.db'],
      files: ['data', 'uploads', '.env'],
      references: [{ ...reference, table: 'items', column: 'imageUrl' }],
      service,
      health: { ...health, timeout: '8 s' },
      ...changes,
    };
    writeFileSync(
      this.config,
      JSON.stringify({ repository: this.repository, apps: { wishlist: app } }),
    );
  }

  protected environment(): Readonly<Record<string, string | undefined>> {
    return {
      ...this.app.env,
      KEEPSAKE_CONFIG: this.config,
      KEEPSAKE_STATE_DIR: this.app.join('state'),
    };
  }

  /** For what is killed while it runs. */
  startKeepsake(args: readonly string[]): RunningProgram {
    const env = { KEEPSAKE_PASSWORD: PASSWORD, ...this.environment() };
    return startKeepsake(args, { home: this.join('home'), env });
  }

  /** Of the person who types the lines of a page. */
  shellEnvironment(): Record<string, string | undefined> {
    const own = environmentAt(this.join('home'));
    return { ...own, KEEPSAKE_PASSWORD: PASSWORD, TZ: 'UTC', ...this.environment() };
  }

  /** The id of the snapshot. */
  async backUp(...flags: string[]): Promise<string> {
    const result = await this.keepsake(['--json', 'backup', ...flags]);
    return String(messages(result, 'summary')[0]?.['snapshot_id']);
  }

  /**
   * The app, its repository and all that Keepsake knows, as they are now: the function puts them
   * back, as often as is wanted, and starts the app.
   */
  async freeze(): Promise<(app?: AppOptions) => Promise<void>> {
    const { app } = this;
    const folders = [app.root, this.repository, this.join('home'), this.join('state')];
    await app.stop();
    for (const folder of folders) copyFolder(folder, `${folder}.frozen`);
    return async (options = {}) => {
      await app.forgetHolds();
      await app.stop();
      for (const folder of folders) copyFolder(`${folder}.frozen`, folder);
      this.configure({});
      app.setApp(options);
      await app.start();
      await app.untilUp();
    };
  }

  /** Names of the items, as the app shows them. */
  async names(): Promise<string[]> {
    return (await this.app.items()).map(({ name }) => name);
  }

  /** Of the database file itself, when nobody has it open. */
  readNames(): string[] {
    const db = new DatabaseSync(this.app.folders.database, { readOnly: true });
    try {
      const rows = db.prepare('SELECT name FROM items ORDER BY id').all() as { name: string }[];
      return rows.map(({ name }) => name);
    } finally {
      db.close();
    }
  }

  uploads(): string[] {
    return readdirSync(this.app.folders.uploads).sort();
  }

  /** Hidden folders of a change beside the app's paths. */
  places(folder = this.app.root): string[] {
    const names = readdirSync(folder).filter((name) => name.startsWith('.keepsake-restore-'));
    return names.map((name) => join(folder, name));
  }
}

function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  if (existsSync(from)) cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

/** Runs, and is backed up by nobody yet. */
export async function openProtectedApp(options: LabAppOptions = {}): Promise<ProtectedApp> {
  const lab = new ProtectedApp(await startLabApp(options));
  await lab.initQuickly();
  return lab;
}

/** A page of `docs/recovery` on this app; its blocks run in one folder that stands for /root. */
export function openPageShell(
  lab: ProtectedApp,
  name: string,
  { stands = {}, env = {} }: Partial<Pick<ShellOptions, 'stands' | 'env'>> = {},
): PageShell {
  return new PageShell(name, {
    folder: lab.app.join('shell'),
    stands: {
      '/mnt/backup/wishlist': lab.repository,
      '/opt/wishlist': lab.app.root,
      '/root': lab.join('home'),
      ...stands,
    },
    env: { ...lab.shellEnvironment(), ...env },
  });
}
