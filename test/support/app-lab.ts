/**
 * A small Wishlist with its config, and a repository: what the commands that look at snapshots and
 * restore them are tried on, through the command line.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLocalBackend } from '../../src/backend/local-backend.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import {
  initRepository,
  openRepository,
  type RepositoryAccess,
} from '../../src/repository/open-repository.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { runKeepsake, type KeepsakeResult } from './keepsake.ts';
import { restic, resticJson } from './restic.ts';
import { describeResult } from './run-program.ts';
import { tempFolder, type TempFolder } from './temp-folder.ts';
import { layOutWishlist, type WishlistFolders } from './wishlist-app/lay-out-wishlist.ts';

const PASSWORD = 'a <password> of ü & 日本';
/** Quick to derive, as the tests open the repository often. */
const QUICK_SCRYPT = { N: 16_384, r: 8, p: 1 };

export interface CallOptions {
  /** Another repository than the lab's. */
  readonly repository?: string;
  /** Default 0; anything else throws with all the program said. */
  readonly exits?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class AppLab implements AsyncDisposable {
  readonly repository: string;
  readonly password = PASSWORD;
  readonly app: WishlistFolders;
  readonly config: string;
  readonly scratch: string;
  readonly #dir: TempFolder;

  constructor(dir: TempFolder) {
    this.#dir = dir;
    this.repository = dir.join('repository');
    this.scratch = dir.join('scratch');
    this.app = layOutWishlist(dir.join('wishlist'), { users: 6, items: 30 });
    this.config = dir.join('keepsake.yaml');
    writeFileSync(this.config, configOf(this.app.root));
    mkdirSync(dir.join('home'));
  }

  join(...parts: string[]): string {
    return this.#dir.join(...parts);
  }

  async keepsake(args: readonly string[], options: CallOptions = {}): Promise<KeepsakeResult> {
    const { exits = 0, repository = this.repository, env } = options;
    const result = await runKeepsake(['-r', repository, ...args], {
      home: this.join('home'),
      env: {
        KEEPSAKE_PASSWORD: PASSWORD,
        KEEPSAKE_SCRATCH_DIR: this.scratch,
        TZ: 'UTC',
        ...env,
      },
    });
    if (result.exitCode !== exits) throw new Error(describeResult(result));
    return result;
  }

  async restic(args: readonly string[]): Promise<void> {
    await restic(this.repository, PASSWORD, args);
  }

  /** What real restic says with `--json`. */
  resticJson<T>(args: readonly string[]): Promise<T> {
    return resticJson<T>(this.repository, PASSWORD, args);
  }

  /** Backs the app of the config up and gives the id of the snapshot. */
  backUp(...flags: string[]): Promise<string> {
    return this.backUpPaths('-c', this.config, '--host', 'homeserver', ...flags);
  }

  /** As `backUp`, without the config. */
  async backUpPaths(...args: string[]): Promise<string> {
    const result = await this.keepsake(['--json', 'backup', ...args]);
    return String(messages(result, 'summary')[0]?.['snapshot_id']);
  }

  async initQuickly(): Promise<void> {
    mkdirSync(this.repository);
    await initRepository(this.#access(), { password: PASSWORD, version: 2, scrypt: QUICK_SCRYPT });
  }

  /** The engine without a command line, index loaded. */
  async openRepository(): Promise<Repository> {
    const opened = await openRepository(this.#access(), PASSWORD);
    await opened.loadIndex();
    return opened;
  }

  #access(): RepositoryAccess {
    const name = { hostname: 'test', username: 'test' };
    const self = { ...name, pid: process.pid, uid: 0, gid: 0, isAlive: () => true };
    const backend = openLocalBackend({ path: this.repository, random: systemRandom });
    return { backend, clock: systemClock, random: systemRandom, self };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

function configOf(root: string): string {
  const lines = [
    'apps:',
    '  wishlist:',
    '    preset: sqlite-app',
    `    root: ${root}`,
    '    databases: [data/prod.db]',
    '    files: [data, uploads, .env]',
    '    references:',
    '      - { database: data/prod.db, table: items, column: imageUrl, folder: uploads }',
  ];
  return `${lines.join('\n')}\n`;
}

/** With an empty repository. */
export async function openAppLab(): Promise<AppLab> {
  const lab = new AppLab(await tempFolder('keepsake-app-'));
  await lab.initQuickly();
  return lab;
}

/** All messages of one kind. */
export function messages(result: KeepsakeResult, type: string): Record<string, unknown>[] {
  return result.jsonLines().filter((line) => line['message_type'] === type);
}

/** The files of one kind in a repository, largest first. */
export function repositoryFiles(repository: string, kind: string): string[] {
  const folder = join(repository, kind);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
}

/** Turns the bits over from one share of the file to another. */
export function damageFile(path: string, { from = 0, to = 0.5 } = {}): void {
  const bytes = readFileSync(path);
  for (let at = Math.floor(bytes.length * from); at < bytes.length * to; at += 1) {
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  }
  writeFileSync(path, bytes);
}
