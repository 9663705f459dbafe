/**
 * A small Wishlist and a repository, for whole backups through the operation itself, in this
 * process, and for judging what a snapshot holds.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Backend } from '../../src/backend/backend.ts';
import { createMemBackend } from '../../src/backend/mem-backend.ts';
import { concatBytes } from '../../src/base/bytes.ts';
import { systemClock, systemRandom, type Clock } from '../../src/base/clock.ts';
import { fsPath } from '../../src/base/raw-name.ts';
import type { Node } from '../../src/format/node.ts';
import type {
  BackupInput,
  BackupResult,
  BackupSubject,
} from '../../src/operations/backup-input.ts';
import { backup } from '../../src/operations/backup.ts';
import type { Workbench } from '../../src/operations/workbench.ts';
import { checkRepository } from '../../src/repository/check.ts';
import { describeProblem, isNote } from '../../src/repository/check-problem.ts';
import type { ProcessFacts } from '../../src/repository/lock-holder.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { walkTree } from '../../src/snapshot/tree-walk.ts';
import { openGate, type Gate } from '../../src/sqlite/gate.ts';
import { createLabIn, PASSWORD, selfFacts, type Lab } from './repository-lab.ts';
import { tempFolder, type TempFolder } from './temp-folder.ts';
import {
  layOutWishlist,
  type WishlistFolders,
  type WishlistOptions,
} from './wishlist-app/lay-out-wishlist.ts';

/** How long a lock waits to see whether others came at the same moment: nobody does here. */
const LOCK_SETTLE_MS = 200;

export const hastyClock: Clock = {
  ...systemClock,
  sleep: (durationMs, options) =>
    systemClock.sleep(durationMs === LOCK_SETTLE_MS ? 0 : durationMs, options),
};

export interface BackupLabOptions<B extends Backend> {
  readonly app?: WishlistOptions;
  readonly backend?: B;
  readonly clock?: Clock;
}

export type BackupChanges = Partial<Omit<BackupInput, 'subject'>> & {
  readonly subject?: Partial<BackupSubject>;
  /** Another storage than the lab's, e.g. one that fails. */
  readonly backend?: Backend;
};

/** One for all labs of this process, which it ends with: its start takes longer than a small backup. */
export const labGate = openGate();
let isGateTaken = false;

export class BackupLab implements AsyncDisposable {
  readonly app: WishlistFolders;
  readonly repositoryLab: Lab<Backend>;
  /** Who runs the backups. */
  self: ProcessFacts = selfFacts;
  readonly #dir: TempFolder;
  readonly #clock: Clock;

  constructor(
    dir: TempFolder,
    parts: { app: WishlistFolders; repository: Lab<Backend>; clock: Clock },
  ) {
    this.#dir = dir;
    this.app = parts.app;
    this.repositoryLab = parts.repository;
    this.#clock = parts.clock;
  }

  /** For captures and the like beside no backup. */
  get gate(): Gate {
    return labGate;
  }

  get scratch(): string {
    return this.#dir.join('scratch');
  }

  join(...parts: string[]): string {
    return this.#dir.join(...parts);
  }

  workbench(backend: Backend = this.repositoryLab.backend): Workbench {
    return {
      clock: this.#clock,
      random: systemRandom,
      self: this.self,
      keepsakeVersion: '0.0.0-test',
      // Disposing it would be the end of an in-memory repository's only door.
      openBackend: () => backend,
      scratchFolder: this.scratch,
      warn: () => {},
    };
  }

  /** The app as its config would describe it. */
  subject(): BackupSubject {
    const { root, database, uploads } = this.app;
    const reference = { database, folder: uploads, ignoreUrls: true };
    return {
      app: 'wishlist',
      paths: [root],
      optionalPaths: [],
      databases: [database],
      references: [
        { ...reference, table: 'items', column: 'imageUrl' },
        { ...reference, table: 'user', column: 'picture' },
      ],
      excludes: [],
    };
  }

  async backup({ backend, subject, ...changes }: BackupChanges = {}): Promise<BackupResult> {
    const input: BackupInput = {
      repository: { location: 'lab:', password: PASSWORD },
      hostname: 'nas',
      tags: [],
      excludeCaches: false,
      oneFileSystem: false,
      dryRun: false,
      wantItems: true,
      packSizeBytes: 16 << 20,
      lockWaitMs: 0,
      ...changes,
      subject: { ...this.subject(), ...subject },
    };
    if (isGateTaken) return runBackup(this.workbench(backend), input);
    isGateTaken = true;
    try {
      return await runBackup({ ...this.workbench(backend), gate: labGate }, input);
    } catch (error) {
      await labGate.kill(error); // whatever it is still asked
      throw error;
    } finally {
      isGateTaken = false;
    }
  }

  /** With its index read. */
  async open(backend?: Backend): Promise<Repository> {
    const repository = await this.repositoryLab.open(backend);
    await repository.loadIndex();
    return repository;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

async function runBackup(workbench: Workbench, input: BackupInput): Promise<BackupResult> {
  const events = backup(workbench, input);
  for (;;) {
    const next = await events.next();
    if (next.done === true) return next.value;
  }
}

export async function openBackupLab<B extends Backend>({
  app = {},
  backend,
  clock = hastyClock,
}: BackupLabOptions<B> = {}): Promise<BackupLab> {
  const dir = await tempFolder();
  return new BackupLab(dir, {
    app: layOutWishlist(dir.join('app'), { items: 120, pictureBytes: 2500, ...app }),
    repository: await createLabIn<Backend>({ backend: backend ?? createMemBackend(), clock }),
    clock,
  });
}

/** Every file of a snapshot below `folder`, its path relative to that. */
export async function readSnapshotFiles(
  repository: Repository,
  { tree, folder }: { tree: string; folder: string },
): Promise<Map<string, { node: Node; bytes: Uint8Array }>> {
  const files = new Map<string, { node: Node; bytes: Uint8Array }>();
  for await (const { phase, path, node } of leaves(repository, tree)) {
    if (phase !== 'leaf' || node.type !== 'file' || !path.startsWith(`${folder}/`)) continue;
    const parts: Uint8Array[] = [];
    for (const id of node.content ?? []) parts.push(await repository.loadBlob('data', id));
    files.set(path.slice(folder.length + 1), { node, bytes: concatBytes(parts) });
  }
  return files;
}

async function* leaves(repository: Repository, tree: string) {
  for await (const step of walkTree(repository, tree)) {
    if (step.phase !== 'problem') yield step;
  }
}

/** The plain way out of a snapshot: contents alone, for a judge to look at. */
export function writeFiles(
  target: string,
  files: ReadonlyMap<string, { bytes: Uint8Array }>,
): void {
  for (const [path, { bytes }] of files) {
    mkdirSync(fsPath(dirname(join(target, path))), { recursive: true });
    writeFileSync(fsPath(join(target, path)), bytes);
  }
}

/** What `check --read-data` calls an error; notes are left out. The index must not be read yet. */
export async function findErrors(repository: Repository): Promise<string[]> {
  const errors: string[] = [];
  for await (const event of checkRepository(repository, { readData: { kind: 'all' } })) {
    if (event.type === 'problem' && !isNote(event.problem)) {
      errors.push(describeProblem(event.problem));
    }
  }
  return errors;
}
