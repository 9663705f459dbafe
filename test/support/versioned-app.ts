/**
 * The lab's app with its code in a git checkout `repo`, whose upstream has more versions: what each of
 * them does when it is built, migrated and run stands in the version itself.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProtectedApp } from './protected-app.ts';
import { runProgramOk } from './run-program.ts';
import type { AppOptions } from './service-lab/app-options.ts';
import { startLabApp } from './service-lab/start-lab-app.ts';

export interface Version {
  readonly build?: 'fails';
  readonly migrate?: 'fails';
  /** The app's own behaviour. */
  readonly app?: AppOptions;
}

/** Makes dependencies anew before it fails, as package managers do. */
const BUILD = `
  const { mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
  const plan = JSON.parse(readFileSync('plan.json', 'utf8'));
  rmSync('node_modules', { recursive: true, force: true });
  mkdirSync('node_modules/dep', { recursive: true });
  writeFileSync('node_modules/dep/index.js', plan.version);
  if (plan.build === 'fails') process.exit(4);
  mkdirSync('build', { recursive: true });
  writeFileSync('build/index.js', plan.version);`;

/** Changes rows before it fails. */
const MIGRATE = `
  const { readFileSync } = require('node:fs');
  const { DatabaseSync } = require('node:sqlite');
  const plan = JSON.parse(readFileSync('plan.json', 'utf8'));
  const db = new DatabaseSync(process.argv[2]);
  db.prepare("UPDATE items SET name = name || ' of ' || ?").run(plan.version);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  if (plan.migrate === 'fails') process.exit(5);
  db.close();`;

export class VersionedApp extends ProtectedApp {
  get repo(): string {
    return join(this.app.root, 'repo');
  }

  get user(): string | undefined {
    return process.getuid?.() === 0 ? 'nobody' : undefined;
  }

  /** In the checkout. */
  async git(...args: string[]): Promise<string> {
    return (await this.#runAsOwner(['git', '-C', this.repo, ...args])).trim();
  }

  /** Commits it to `main` of the upstream, with a tag of its name. */
  async publish(version: string, { app = {}, ...plan }: Version = {}): Promise<void> {
    const drafts = this.join('drafts');
    writeFileSync(join(drafts, 'app-options.json'), JSON.stringify({ ...app, version }));
    writeFileSync(join(drafts, 'plan.json'), JSON.stringify({ ...plan, version }));
    await this.#commit(drafts, version);
    const push = ['push', '--quiet', '--tags', 'origin', 'HEAD:main'];
    await this.#runAsOwner(['git', '-C', drafts, ...push]);
  }

  async #commit(folder: string, version: string): Promise<void> {
    const git = ['git', '-C', folder, '-c', 'user.name=lab', '-c', 'user.email=lab@example.com'];
    await this.#runAsOwner([...git, 'add', '-A']);
    await this.#runAsOwner([...git, 'commit', '--quiet', '-m', version]);
    await this.#runAsOwner([...git, 'tag', version]);
  }

  async #runAsOwner(argv: readonly string[], cwd = '/'): Promise<string> {
    const user = ['--reuid', this.user ?? '', '--regid', 'nogroup', '--clear-groups'];
    const as = this.user === undefined ? [] : ['setpriv', ...user];
    const { stdout } = await runProgramOk([...as, ...argv], {
      cwd,
      env: { HOME: '/nonexistent', GIT_OPTIONAL_LOCKS: '0' },
    });
    return stdout;
  }

  async version(): Promise<string> {
    return (await this.app.request('/version')).body;
  }

  /** What was built from which version. */
  built(): string[] {
    return ['node_modules/dep', 'build'].map((folder) =>
      readFileSync(join(this.repo, folder, 'index.js'), 'utf8'),
    );
  }

  async layOut(): Promise<void> {
    const [origin, drafts] = [this.join('origin.git'), this.join('drafts')];
    for (const folder of [origin, drafts, this.repo]) mkdirSync(folder);
    const write = (name: string, text: string) => writeFileSync(join(drafts, name), text);
    write('build.cjs', BUILD);
    write('migrate.cjs', MIGRATE);
    write('.gitignore', 'node_modules\nbuild\n');
    if (this.user !== undefined) {
      const folders = [origin, drafts, this.app.root];
      await runProgramOk(['chown', '-R', `${this.user}:nogroup`, ...folders]);
    }
    await this.#runAsOwner(['git', 'init', '--quiet', '--bare', '-b', 'main', origin]);
    await this.#runAsOwner(['git', 'init', '--quiet', '-b', 'main', drafts]);
    await this.#runAsOwner(['git', '-C', drafts, 'remote', 'add', 'origin', origin]);
    await this.publish('v1');
    await this.#runAsOwner(['git', 'clone', '--quiet', origin, this.repo]);
    await this.#runAsOwner([process.execPath, 'build.cjs'], this.repo);
    this.configureCode({});
  }

  configureCode(changes: Readonly<Record<string, unknown>>): void {
    const node = process.execPath;
    this.configure({
      'run-as': this.user,
      'working-directory': 'repo',
      exclude: ['node_modules', './repo/build', '.git'],
      code: {
        folder: 'repo',
        build: [[node, 'build.cjs']],
        migrate: [[node, 'migrate.cjs', this.app.folders.database]],
      },
      ...changes,
    });
  }
}

/** At v1, built, backed up by nobody yet. */
export async function openVersionedApp({ running = true } = {}): Promise<VersionedApp> {
  const optionsFile = 'repo/app-options.json';
  const lab = new VersionedApp(
    await startLabApp({ running: false, optionsFile, unit: { startLimitBurst: 100 } }),
  );
  await lab.layOut();
  await lab.initQuickly();
  if (!running) return lab;
  await lab.app.start();
  await lab.app.untilUp();
  return lab;
}
