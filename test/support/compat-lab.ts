/**
 * A folder with a source and a repository that both tools work on: the command line of Keepsake and
 * the real restic, with the same password and time zone.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLocalBackend } from '../../src/backend/local-backend.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { toHex } from '../../src/base/bytes.ts';
import { encodeKeyFile, sealMasterKey } from '../../src/format/key-file.ts';
import { decodeTree } from '../../src/format/tree.ts';
import {
  initRepository,
  openRepository,
  type RepositoryAccess,
} from '../../src/repository/open-repository.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { runKeepsake, type KeepsakeResult } from './keepsake.ts';
import { restic } from './restic.ts';
import { describeResult, type ProgramResult } from './run-program.ts';
import { tempFolder, type TempFolder } from './temp-folder.ts';

export const PASSWORD = 'a <password> of ü & 日本';
/** Quick to derive; restic takes the parameters from the key file. */
const QUICK_SCRYPT = { N: 16_384, r: 8, p: 1 };

export interface CallOptions {
  /** Another repository than the lab's. */
  readonly repository?: string;
  /** Default 0; anything else throws with all the program said. */
  readonly exits?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** As both tools list it. */
export interface ListedSnapshot {
  readonly id: string;
  readonly tree: string;
  readonly time: string;
  readonly paths: readonly string[];
  readonly tags?: readonly string[];
}

export class CompatLab implements AsyncDisposable {
  readonly source: string;
  readonly repository: string;
  readonly #dir: TempFolder;
  readonly #keyHints = new Map<string, string>();

  constructor(dir: TempFolder) {
    this.#dir = dir;
    this.source = dir.join('source');
    this.repository = dir.join('repository');
    mkdirSync(this.source);
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
        KEEPSAKE_KEY_HINT: this.#keyHints.get(repository),
        TZ: 'UTC',
        ...env,
      },
    });
    if (result.exitCode !== exits) throw new Error(describeResult(result));
    return result;
  }

  async restic(args: readonly string[], options: CallOptions = {}): Promise<ProgramResult> {
    const { exits = 0, repository = this.repository, env } = options;
    const result = await restic(repository, PASSWORD, args, {
      anyExit: true,
      env: {
        TZ: 'UTC',
        RESTIC_FROM_PASSWORD: PASSWORD,
        RESTIC_KEY_HINT: this.#keyHints.get(repository),
        ...env,
      },
    });
    if (result.exitCode !== exits) throw new Error(describeResult(result));
    return result;
  }

  async resticJson<T>(args: readonly string[], options: CallOptions = {}): Promise<T> {
    return JSON.parse((await this.restic(['--json', ...args], options)).stdout) as T;
  }

  /** Oldest first, as restic sees them. */
  async snapshots(options: CallOptions = {}): Promise<ListedSnapshot[]> {
    const found = await this.resticJson<ListedSnapshot[]>(['snapshots'], options);
    return found.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
  }

  async newest(options: CallOptions = {}): Promise<ListedSnapshot> {
    return (await this.snapshots(options)).at(-1)!;
  }

  /** Both tools' complete check; throws with what one of them found. */
  async checkWithBoth(options: CallOptions = {}): Promise<void> {
    const { stdout } = await this.restic(['check', '--read-data'], options);
    if (!stdout.includes('no errors were found')) throw new Error(stdout);
    await this.keepsake(['check', '--read-data'], options);
  }

  /** A repository whose key is cheap to open, as the tests open it often. */
  async initQuickly(version: 1 | 2 = 2): Promise<Repository> {
    mkdirSync(this.repository, { recursive: true });
    return initRepository(this.#access(this.repository), {
      password: PASSWORD,
      version,
      scrypt: QUICK_SCRYPT,
    });
  }

  /** Beside the key of `init` one that both tools try first and derive quickly. */
  async addQuickKey(repository = this.repository): Promise<void> {
    const { master } = await openRepository(this.#access(repository), PASSWORD);
    const key = await sealMasterKey({
      master,
      password: PASSWORD,
      params: QUICK_SCRYPT,
      username: 'test',
      hostname: 'test',
      createdAt: systemClock.now(),
      random: systemRandom,
    });
    const bytes = encodeKeyFile(key);
    const id = toHex(createHash('sha256').update(bytes).digest());
    writeFileSync(join(repository, 'keys', id), bytes);
    this.#keyHints.set(repository, id);
  }

  /** The engine without a command line, index loaded. */
  async openRepository(repository = this.repository): Promise<Repository> {
    const opened = await openRepository(this.#access(repository), PASSWORD);
    await opened.loadIndex();
    return opened;
  }

  #access(path: string): RepositoryAccess {
    const self = {
      hostname: 'test',
      username: 'test',
      pid: process.pid,
      uid: 0,
      gid: 0,
      isAlive: () => true,
    };
    const backend = openLocalBackend({ path, random: systemRandom });
    return { backend, clock: systemClock, random: systemRandom, self };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

export async function openCompatLab(): Promise<CompatLab> {
  return new CompatLab(await tempFolder('keepsake-compat-'));
}

/** The id of each folder's tree by its path, the root as `/`. */
export async function treeIds(
  repository: Repository,
  rootTree: string,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (path: string, id: string): Promise<void> => {
    found.set(path === '' ? '/' : path, id);
    for (const { name, subtree } of decodeTree(await repository.loadBlob('tree', id))) {
      if (subtree !== undefined) await visit(`${path}/${name}`, subtree);
    }
  };
  await visit('', rootTree);
  return found;
}
