/** A folder with a repository and the command line of Keepsake on it, as a person has them. */
import { mkdirSync } from 'node:fs';
import { openLocalBackend } from '../../src/backend/local-backend.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import {
  initRepository,
  openRepository,
  type RepositoryAccess,
} from '../../src/repository/open-repository.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { runKeepsake, type KeepsakeResult } from './keepsake.ts';
import { describeResult } from './run-program.ts';
import type { TempFolder } from './temp-folder.ts';

export const PASSWORD = 'a <password> of ü & 日本';
/** Nothing to derive, as the tests open repositories often; restic takes it from the key file. */
export const QUICK_SCRYPT = { N: 1024, r: 8, p: 1 };

export interface CallOptions {
  /** Another repository than the lab's. */
  readonly repository?: string;
  /** Default 0; anything else throws with all the program said. */
  readonly exits?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export abstract class CliLab implements AsyncDisposable {
  readonly repository: string;
  readonly #dir: TempFolder;

  constructor(dir: TempFolder) {
    this.#dir = dir;
    this.repository = dir.join('repository');
    mkdirSync(dir.join('home'));
  }

  join(...parts: string[]): string {
    return this.#dir.join(...parts);
  }

  async keepsake(args: readonly string[], options: CallOptions = {}): Promise<KeepsakeResult> {
    const { exits = 0, repository = this.repository, env } = options;
    const result = await runKeepsake(['-r', repository, ...args], {
      home: this.join('home'),
      env: { KEEPSAKE_PASSWORD: PASSWORD, TZ: 'UTC', ...this.environment(repository), ...env },
    });
    if (result.exitCode !== exits) throw new Error(describeResult(result));
    return result;
  }

  /** A repository whose key is cheap to open. */
  async initQuickly(version: 1 | 2 = 2): Promise<Repository> {
    mkdirSync(this.repository, { recursive: true });
    const secret = { password: PASSWORD, version, scrypt: QUICK_SCRYPT };
    return initRepository(this.access(this.repository), secret);
  }

  /** The engine without a command line, index loaded. */
  async openRepository(repository = this.repository): Promise<Repository> {
    const opened = await openRepository(this.access(repository), PASSWORD);
    await opened.loadIndex();
    return opened;
  }

  /** What else Keepsake finds in its environment. */
  protected abstract environment(repository: string): Readonly<Record<string, string | undefined>>;

  protected access(path: string): RepositoryAccess {
    const name = { hostname: 'test', username: 'test' };
    const self = { ...name, pid: process.pid, uid: 0, gid: 0, isAlive: () => true };
    const backend = openLocalBackend({ path, random: systemRandom });
    return { backend, clock: systemClock, random: systemRandom, self };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}
