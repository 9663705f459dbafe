/**
 * A folder with a source and a repository that both tools work on: the command line of Keepsake and
 * the real restic, with the same password and time zone.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { toHex } from '../../src/base/bytes.ts';
import { encodeKeyFile, sealMasterKey } from '../../src/format/key-file.ts';
import { decodeTree } from '../../src/format/tree.ts';
import { openRepository } from '../../src/repository/open-repository.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { CliLab, PASSWORD, QUICK_SCRYPT, type CallOptions } from './cli-lab.ts';
import { restic } from './restic.ts';
import { resticTemplate } from './restic-template.ts';
import { describeResult, type ProgramResult } from './run-program.ts';
import { tempFolder, type TempFolder } from './temp-folder.ts';

/** As both tools list it. */
export interface ListedSnapshot {
  readonly id: string;
  readonly tree: string;
  readonly time: string;
  readonly paths: readonly string[];
  readonly tags?: readonly string[];
}

export class CompatLab extends CliLab {
  readonly source: string;
  readonly #keyHints = new Map<string, string>();

  constructor(dir: TempFolder) {
    super(dir);
    this.source = dir.join('source');
    mkdirSync(this.source);
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

  /** A repository as `restic init` makes it, with a quick key beside restic's. */
  async initByRestic(version: 1 | 2 = 2, repository = this.repository): Promise<void> {
    cpSync(await resticTemplate(version), repository, { recursive: true });
    await this.addQuickKey(repository);
  }

  /** Beside the key of `init` one that both tools try first and derive quickly. */
  async addQuickKey(repository = this.repository): Promise<void> {
    const { master } = await openRepository(this.access(repository), PASSWORD);
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

  protected override environment(repository: string): Record<string, string | undefined> {
    return { KEEPSAKE_KEY_HINT: this.#keyHints.get(repository) };
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
