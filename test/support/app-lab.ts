/**
 * A small Wishlist with its config, and a repository: what the commands that look at snapshots and
 * restore them are tried on, through the command line.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { restoreSnapshot } from '../../src/snapshot/restore.ts';
import { CliLab, PASSWORD } from './cli-lab.ts';
import type { KeepsakeResult } from './keepsake.ts';
import { restic, resticJson } from './restic.ts';
import { tempFolder, type TempFolder } from './temp-folder.ts';
import { layOutWishlist, type WishlistFolders } from './wishlist-app/lay-out-wishlist.ts';

export class AppLab extends CliLab {
  readonly password = PASSWORD;
  readonly app: WishlistFolders;
  readonly config: string;
  readonly scratch: string;

  constructor(dir: TempFolder) {
    super(dir);
    this.scratch = dir.join('scratch');
    this.app = layOutWishlist(dir.join('wishlist'), { users: 6, items: 30 });
    this.config = dir.join('keepsake.yaml');
    writeFileSync(this.config, configOf(this.app.root));
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

  /** By the engine in this process, every file read again: a third of the time of a command. */
  async restoreHere(id: string, target: string): Promise<void> {
    const reader = await this.openRepository();
    const { tree: treeId } = await reader.loadSnapshot(id);
    for await (const event of restoreSnapshot({ reader, treeId, target, verify: true })) {
      if (event.kind === 'error') throw event.error;
    }
  }

  protected override environment(): Record<string, string> {
    return { KEEPSAKE_SCRATCH_DIR: this.scratch };
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
