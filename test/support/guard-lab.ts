/** The lab of changes in place with code beside the data, and commands that change both. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ResolvedApp } from '../../src/config/resolve-app.ts';
import type { GuardWork } from '../../src/operations/in-place/guard-input.ts';
import { openGuard } from '../../src/operations/in-place/guard.ts';
import type { InPlaceResult } from '../../src/operations/in-place/in-place-input.ts';
import { openBackupLab } from './backup-lab.ts';
import { changeResult } from './change-result.ts';
import { InPlaceLab, type LabRun } from './in-place-lab.ts';
import { commitAndDie } from './killed-app.ts';
import { Life } from './life.ts';

export interface GuardRun extends LabRun {
  /** What the command does, a piece after the other; Keepsake may die between. */
  readonly pieces?: readonly (() => void)[];
  /** Default `guard`: it lets the service be started meanwhile. */
  readonly kind?: 'guard' | 'update';
  /** Default 0. */
  readonly exitCode?: number;
  readonly app?: ResolvedApp;
}

export class GuardLab extends InPlaceLab {
  override readonly app = (changes: Partial<ResolvedApp> = {}): ResolvedApp => {
    const { root, database, uploads } = this.backup.app;
    return {
      ...this.plainApp(),
      // The places of changes lie in the lab's own folder then.
      root: join(root, 'code'),
      paths: [join(root, 'data'), uploads, join(root, 'code', '.env')],
      databases: [database],
      exclude: ['node_modules'],
      code: { folder: join(root, 'code'), build: [], migrate: [] },
      ...changes,
    };
  };

  in(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  async guard(run: GuardRun = {}): Promise<InPlaceResult> {
    const {
      app = this.app(),
      kind = 'guard',
      part = 'all',
      unreachable = true,
      signal,
      exitCode = 0,
    } = run;
    const { pieces = this.update(), life = new Life() } = run;
    const plain = this.backupInput(app);
    const location = unreachable ? 'gone:' : 'lab:';
    const work: GuardWork['run'] = async () => {
      for (const piece of pieces) await life.around(() => Promise.resolve(piece()));
      return { exitCode, endedBy: null };
    };
    await using guard = await openGuard(this.workbench(run), this.machine(run), {
      app,
      kind,
      part: part === 'database' ? part : 'all',
      choose: () => {
        const step = { name: 'update', argv: ['update'], workingFolder: this.root };
        return Promise.resolve({ steps: [step] });
      },
      run: work,
      commitOf: () => Promise.resolve(undefined),
      backup: { ...plain, repository: { ...plain.repository, location } },
      dryRun: false,
      signal,
    });
    return await changeResult(guard.run());
  }

  /** Replaces code, makes dependencies anew, migrates the database, takes a picture and adds one. */
  update(): (() => void)[] {
    const { database, uploads } = this.backup.app;
    return [
      () => rmSync(this.in('code', 'node_modules'), { recursive: true, force: true }),
      () => writeFileSync(this.in('code', 'app.js'), 'new version'),
      () => {
        rmSync(this.in('code', 'lib'), { recursive: true, force: true });
        mkdirSync(this.in('code', 'node_modules'), { recursive: true });
        writeFileSync(this.in('code', 'node_modules', 'dep.js'), 'new dependency');
      },
      () => {
        const db = new DatabaseSync(database);
        db.exec("UPDATE items SET name = 'migrated'");
        db.close();
      },
      () => {
        rmSync(join(uploads, 'kept.webp'), { force: true });
        writeFileSync(join(uploads, 'new.webp'), 'came with the update');
      },
    ];
  }
}

/** With a -wal beside its database, as an app leaves it that was killed. */
export async function openGuardLab(): Promise<GuardLab> {
  const lab = new GuardLab(await openBackupLab({ app: { items: 8, users: 4, noteWords: 4 } }));
  const { database, uploads } = lab.backup.app;
  mkdirSync(lab.in('code', 'node_modules'), { recursive: true });
  mkdirSync(lab.in('code', 'lib'));
  mkdirSync(lab.in('data', 'node_modules'));
  writeFileSync(lab.in('code', 'app.js'), 'old version');
  writeFileSync(lab.in('code', '.env'), 'secret');
  writeFileSync(lab.in('code', 'lib', 'part.js'), 'old part');
  writeFileSync(lab.in('code', 'node_modules', 'dep.js'), 'old dependency');
  writeFileSync(lab.in('data', 'node_modules', 'stays.js'), 'left out of backups');
  writeFileSync(join(uploads, 'kept.webp'), 'picture');
  commitAndDie(database, "UPDATE items SET name = 'in the -wal'");
  return lab;
}
