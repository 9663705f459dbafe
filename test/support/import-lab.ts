/** A small Wishlist whose old archives and copies are taken in by `import`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppLab, messages } from './app-lab.ts';
import type { KeepsakeResult } from './keepsake.ts';
import { runProgramOk } from './run-program.ts';
import { tempFolder } from './temp-folder.ts';

export interface Imported {
  readonly item: string;
  readonly snapshot_id?: string;
  readonly outcome: string;
  readonly time: string;
  readonly time_from: string;
  readonly tags: string[];
  readonly places: { from: string; to: string }[];
  readonly databases: { path: string; verdict: string; rows: number }[];
  readonly total_files: number;
  readonly data_added_packed: number;
  readonly notes: string[];
}

export class ImportLab extends AppLab {
  /** With the app's config, unless told otherwise. */
  async importing(
    args: readonly string[],
    { exits, app = true }: { exits?: number; app?: boolean } = {},
  ): Promise<{ result: KeepsakeResult; imported: Imported[] }> {
    const config = app ? ['-c', this.config] : [];
    const all = ['--json', ...config, 'import', '--host', 'homeserver', ...args];
    const result = await this.keepsake(all, exits === undefined ? {} : { exits });
    return { result, imported: messages(result, 'import') as unknown as Imported[] };
  }

  /** An archive that the real tar makes; its arguments name the members. */
  async tarOf(name: string, ...args: string[]): Promise<string> {
    const file = this.join(name);
    await runProgramOk(['tar', '-caf', file, ...args]);
    return file;
  }

  /** The folder that a snapshot was restored to. */
  async restored(id: string | undefined): Promise<string> {
    const target = this.join(`restored-${id?.slice(0, 8)}`);
    await this.restoreHere(id ?? '', target);
    return target;
  }

  snapshotCount(): number {
    return readdirSync(join(this.repository, 'snapshots')).length;
  }
}

export function rowsIn(path: string, table = 'items'): unknown {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
}

/** With an empty repository. */
export async function openImportLab(): Promise<ImportLab> {
  const lab = new ImportLab(await tempFolder('keepsake-import-'));
  await lab.initQuickly();
  return lab;
}
