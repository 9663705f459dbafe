/**
 * A small Wishlist with its config, and a repository: what the commands that look at snapshots and
 * restore them are tried on, through the command line.
 */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompatLab } from './compat-lab.ts';
import type { KeepsakeResult } from './keepsake.ts';
import { tempFolder } from './temp-folder.ts';
import { layOutWishlist, type WishlistFolders } from './wishlist-app/lay-out-wishlist.ts';

export class AppLab extends CompatLab {
  #app: WishlistFolders | undefined;

  get app(): WishlistFolders {
    return (this.#app ??= layOutWishlist(this.source, { users: 6, items: 30 }));
  }

  get config(): string {
    const path = this.join('keepsake.yaml');
    const { root } = this.app;
    const reference = 'table: items, column: imageUrl, folder: uploads';
    const lines = [
      'apps:',
      '  wishlist:',
      '    preset: sqlite-app',
      `    root: ${root}`,
      '    databases: [data/prod.db]',
      '    files: [uploads, .env]',
      `    references: [{ database: data/prod.db, ${reference} }]`,
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  /** Backs the app of the config up and gives the id of the snapshot. */
  async backUp(...flags: string[]): Promise<string> {
    const args = ['-c', this.config, '--json', 'backup', '--host', 'homeserver', ...flags];
    const result = await this.keepsake(args);
    const summary = result.jsonLines().findLast((line) => line['message_type'] === 'summary');
    return String(summary?.['snapshot_id']);
  }
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

/** Turns every byte of the file's first half over. */
export function damageFile(path: string): void {
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length / 2; at += 1) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  truncateSync(path);
  writeFileSync(path, bytes);
}
