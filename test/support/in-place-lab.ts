/**
 * A small Wishlist that was backed up and changed since, on a machine that can die at its n-th call,
 * with a service that is only remembered: for restores in place, in this process.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileLayer } from '../../src/backend/file-layer.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { ResolvedApp } from '../../src/config/resolve-app.ts';
import type { HealthVerdict } from '../../src/host/health-probe.ts';
import type { BackupInput } from '../../src/operations/backup-input.ts';
import { changeFileLayer } from '../../src/operations/in-place/change-files.ts';
import { PLACE_NAME, type ChangeJournal } from '../../src/operations/in-place/change-journal.ts';
import { thisMachine, type ChangeMachine } from '../../src/operations/in-place/change-machine.ts';
import type { InPlaceInput, InPlaceResult } from '../../src/operations/in-place/in-place-input.ts';
import { openInPlaceRestore } from '../../src/operations/in-place/in-place-restore.ts';
import { removeKeptFiles } from '../../src/operations/in-place/kept-files.ts';
import { findKnown } from '../../src/operations/in-place/known-changes.ts';
import { endUnfinished } from '../../src/operations/in-place/resume-change.ts';
import { openRollback } from '../../src/operations/in-place/rollback.ts';
import type { ChangeRepository } from '../../src/operations/in-place/snapshot-change.ts';
import { openSnapshot } from '../../src/operations/open-snapshot.ts';
import type { Workbench } from '../../src/operations/workbench.ts';
import { readAppTree, type AppTree } from './app-tree.ts';
import { hastyClock, labGate, openBackupLab, type BackupLab } from './backup-lab.ts';
import { changeResult } from './change-result.ts';
import { freezeFolders } from './frozen-folders.ts';
import { interceptFileLayer, type FileLayerCall } from './intercepted-file-layer.ts';
import { commitAndDie } from './killed-app.ts';
import { Life } from './life.ts';
import { PASSWORD, selfFacts } from './repository-lab.ts';
import { withoutWaitForRoom } from './room-wait.ts';
import { ServiceModel } from './service-model.ts';

export interface LabRun {
  readonly life?: Life;
  /** Default: it is well. */
  readonly health?: () => Promise<HealthVerdict>;
  /** Told of each call before it is made; throwing fails it. */
  readonly intercept?: (call: FileLayerCall) => void;
  readonly part?: InPlaceInput['part'];
  readonly live?: boolean;
  /** The repository takes no restore point. */
  readonly unreachable?: boolean;
  readonly machine?: Partial<ChangeMachine>;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export class InPlaceLab implements AsyncDisposable {
  readonly backup: BackupLab;
  readonly service = new ServiceModel();
  readonly state: string;
  /** Each is a process of its own. */
  #pid = 100;
  /** What was done to the app's files while its service ran. */
  readonly violations: string[] = [];

  constructor(backup: BackupLab) {
    this.backup = backup;
    this.state = backup.join('state');
  }

  get root(): string {
    return this.backup.app.root;
  }

  readonly app = (changes: Partial<ResolvedApp> = {}): ResolvedApp => ({
    ...this.plainApp(),
    ...changes,
  });

  protected plainApp(): ResolvedApp {
    const { root, database, uploads } = this.backup.app;
    const reference = { database, folder: uploads, ignore: 'url' } as const;
    return {
      name: 'wishlist',
      preset: 'sqlite-app',
      layout: undefined,
      root,
      databases: [database],
      paths: [join(root, 'data'), uploads, join(root, '.env')],
      optionalPaths: [],
      exclude: [],
      references: [{ ...reference, table: 'items', column: 'imageUrl' }],
      service: { systemd: 'lab.service' },
      health: { url: 'http://127.0.0.1:1/login', status: 200, timeoutMs: 1000, not: [] },
      owner: undefined,
      runAs: undefined,
      workingDirectory: root,
      environment: {},
      drill: undefined,
      code: undefined,
      versionFile: undefined,
    };
  }

  backupInput(app = this.app()): BackupInput {
    const { paths, databases, name } = app;
    return {
      repository: { location: 'lab:', password: PASSWORD },
      subject: {
        ...this.backup.subject(),
        app: name,
        paths,
        databases,
        excludes: app.exclude,
      },
      hostname: 'nas',
      tags: [],
      excludeCaches: false,
      oneFileSystem: false,
      dryRun: false,
      wantItems: false,
      packSizeBytes: 16 << 20,
      lockWaitMs: 0,
    };
  }

  /** A backup of the app as it is; the id of the snapshot. */
  async backUp(app = this.app()): Promise<string> {
    const { snapshotId = '' } = await this.backup.backup(this.backupInput(app));
    return snapshotId;
  }

  machine(run: LabRun = {}): ChangeMachine {
    const { life = new Life(), health } = run;
    const real = thisMachine({ stateFolder: this.state, clock: hastyClock, environment: {} });
    return {
      ...real,
      files: this.#files(life, run),
      attributes: {
        read: (path) => real.attributes.read(path),
        write: (path, attributes) => life.around(() => real.attributes.write(path, attributes)),
      },
      findFileUsers: () => [],
      syncFileSystem: () => life.around(() => Promise.resolve()),
      openService: () => this.service.control(life),
      async probe() {
        life.check();
        return health?.() ?? { kind: 'healthy', afterMs: 1, tries: 1 };
      },
      ...run.machine,
    };
  }

  #files(life: Life, { intercept }: LabRun): FileLayer {
    return interceptFileLayer(changeFileLayer, (call) => {
      life.check();
      intercept?.(call);
      this.#watch(call);
      // A sync changes nothing that a later process of this machine could see.
      if (call.name === 'sync' || call.name === 'syncFolder') return 'skip';
      if (call.mutating) life.spend();
      return 'perform';
    });
  }

  /** Nothing of the app is moved while it runs. */
  #watch({ name, path }: FileLayerCall): void {
    const isOwn = path.split('/').some((part) => PLACE_NAME.test(part));
    if (name !== 'rename' || isOwn || !path.startsWith(`${this.root}/`)) return;
    if (this.service.isRunning || !this.service.isHeld) this.violations.push(path);
  }

  workbench({ unreachable = false, clock }: LabRun = {}): Workbench {
    this.#pid += 1;
    const pid = this.#pid;
    const workbench = this.backup.workbench();
    return {
      ...workbench,
      gate: labGate,
      clock: clock ?? withoutWaitForRoom(workbench.clock),
      self: { ...selfFacts, pid, isAlive: (other) => other === pid },
      openBackend(location) {
        if (unreachable && location !== 'lab:') throw new Error('no route to the host');
        return workbench.openBackend(location);
      },
    };
  }

  async restore(wanted: string, run: LabRun & { app?: ResolvedApp } = {}): Promise<InPlaceResult> {
    const { part = 'all', live = false } = run;
    const input = { ...this.#restoreInput(run), wanted, filter: {}, part, live, dryRun: false };
    await using restore = await openInPlaceRestore(this.workbench(run), this.machine(run), input);
    return await changeResult(restore.run());
  }

  #restoreInput({ app = this.app(), unreachable, signal }: LabRun & { app?: ResolvedApp }) {
    const plain = this.backupInput(app);
    const location = unreachable === true ? 'gone:' : 'lab:';
    return {
      repository: plain.repository,
      lock: 'none' as const,
      lockWaitMs: 0,
      app,
      backup: { ...plain, repository: { ...plain.repository, location } },
      signal,
    };
  }

  /** As after a backup that has succeeded. */
  dropKeptFiles(): Promise<string[]> {
    const about = { app: 'wishlist', paths: this.app().paths };
    return removeKeptFiles(this.workbench(), this.machine(), about);
  }

  end(direction: 'resume' | 'undo', run: LabRun = {}): Promise<InPlaceResult> {
    const workbench = this.workbench(run);
    const events = endUnfinished(workbench, this.machine(run), {
      direction,
      paths: this.app().paths,
      repositoryOf: (journal) => this.#repositoryOf(workbench, journal, run),
    });
    return changeResult(events);
  }

  async rollBack(run: LabRun = {}): Promise<InPlaceResult> {
    const workbench = this.workbench(run);
    await using rollback = await openRollback(workbench, this.machine(run), {
      paths: this.app().paths,
      dryRun: false,
      restoreOf: () => Promise.resolve(this.#restoreInput(run)),
      repositoryOf: (journal) => this.#repositoryOf(workbench, journal, run),
    });
    return await changeResult(rollback.run());
  }

  #repositoryOf(
    workbench: Workbench,
    { source, app }: ChangeJournal,
    { unreachable }: LabRun,
  ): ChangeRepository {
    const repository = { location: 'lab:', password: PASSWORD };
    const wanted = source.kind === 'snapshot' ? source.id : '';
    const reading = { repository, lock: 'none', lockWaitMs: 0, wanted, filter: {} } as const;
    const location = unreachable === true ? 'gone:' : 'lab:';
    return {
      open: () => openSnapshot(workbench, reading),
      backup: () =>
        Promise.resolve({ ...this.backupInput(app), repository: { ...repository, location } }),
    };
  }

  /** What the app would find. */
  tree(): AppTree {
    return readAppTree(this.root);
  }

  /** Changes that were cut off. */
  async unfinished(): Promise<readonly ChangeJournal[]> {
    return (await findKnown(this.machine(), this.app().paths)).unfinished;
  }

  /** Everything on the disk and the service as they are; puts them back as often as is wanted. */
  freeze(): () => void {
    const thaw = freezeFolders([this.root, this.state]);
    const { isRunning, isHeld } = this.service;
    return () => {
      thaw();
      Object.assign(this.service, { isRunning, isHeld });
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backup[Symbol.asyncDispose]();
  }
}

/** Backed up as `snapshot`, and changed since: rows and pictures went and came, and a -wal lies there. */
export async function openInPlaceLab(): Promise<{ lab: InPlaceLab; snapshot: string }> {
  const lab = new InPlaceLab(await openBackupLab({ app: { items: 8, users: 4, noteWords: 4 } }));
  const snapshot = await lab.backUp();
  changeApp(lab);
  return { lab, snapshot };
}

function changeApp({ backup, root }: InPlaceLab): void {
  const { database, uploads } = backup.app;
  const [first = ''] = readdirSync(uploads).sort();
  rmSync(join(uploads, first));
  writeFileSync(join(uploads, 'since.webp'), 'came since');
  writeFileSync(join(root, '.env'), 'changed since');
  commitAndDie(
    database,
    "DELETE FROM items WHERE id % 2 = 0; UPDATE items SET name = 'changed since'",
  );
}
