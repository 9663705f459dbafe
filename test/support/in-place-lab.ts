/**
 * A small Wishlist that was backed up and changed since, a machine that can die at its n-th call,
 * and a service that is only remembered: for restores in place, in this process.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FileLayer } from '../../src/backend/file-layer.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { ResolvedApp } from '../../src/config/resolve-app.ts';
import type { HealthVerdict } from '../../src/host/health-probe.ts';
import type { ServiceControl } from '../../src/host/service.ts';
import type { BackupInput } from '../../src/operations/backup-input.ts';
import { changeFileLayer } from '../../src/operations/in-place/change-files.ts';
import { PLACE_NAME, type ChangeJournal } from '../../src/operations/in-place/change-journal.ts';
import { thisMachine, type ChangeMachine } from '../../src/operations/in-place/change-machine.ts';
import type {
  InPlaceEvent,
  InPlaceInput,
  InPlaceResult,
} from '../../src/operations/in-place/in-place-input.ts';
import { openInPlaceRestore } from '../../src/operations/in-place/in-place-restore.ts';
import { removeKeptFiles } from '../../src/operations/in-place/kept-files.ts';
import { endUnfinished } from '../../src/operations/in-place/resume-change.ts';
import { openRollback } from '../../src/operations/in-place/rollback.ts';
import type { ChangeRepository } from '../../src/operations/in-place/snapshot-change.ts';
import { openSnapshot } from '../../src/operations/open-snapshot.ts';
import type { Workbench } from '../../src/operations/workbench.ts';
import { hastyClock, labGate, openBackupLab, type BackupLab } from './backup-lab.ts';
import { interceptFileLayer, type FileLayerCall } from './intercepted-file-layer.ts';
import { PASSWORD, selfFacts } from './repository-lab.ts';

/** Content by path relative to the app's root. */
export type AppTree = Readonly<Record<string, string>>;

export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * Counts the changing calls of everything that changes something, and ends at the n-th. With
 * `carriedOut` only those of the service count, and the last one is made before the end.
 */
export class Life {
  calls = 0;
  readonly #at: number;
  readonly #carriedOut: boolean;

  constructor(at = Number.POSITIVE_INFINITY, { carriedOut = false } = {}) {
    this.#at = at;
    this.#carriedOut = carriedOut;
  }

  get isOver(): boolean {
    return this.calls >= this.#at;
  }

  end(): void {
    this.calls = Number.POSITIVE_INFINITY;
  }

  /** Ends before the call or just after it. */
  async around<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    this.calls += 1;
    if (!this.isOver) return work();
    if (this.#carriedOut) await work();
    throw new Killed();
  }

  check(): void {
    if (this.isOver) throw new Killed();
  }

  /** One call to the disk, never carried out when it is the last. */
  spend(): void {
    if (!this.#carriedOut) this.calls += 1;
    this.check();
  }
}

/** What of a service stays when Keepsake dies. */
export class ServiceModel {
  isRunning = true;
  isHeld = false;
  #marker: string | undefined;
  readonly calls: string[] = [];

  control(life: Life): ServiceControl {
    const change = (name: string, work: () => void): Promise<void> =>
      life.around(async () => {
        this.calls.push(name);
        work();
      });
    return {
      description: 'service of the lab',
      state: async () => {
        life.check();
        return this.isRunning ? 'running' : 'stopped';
      },
      stop: () => change('stop', () => void (this.isRunning = false)),
      start: () => change('start', () => this.#start()),
      hold: async ({ record, lasting }) => {
        await record?.('token');
        this.#marker = lasting?.marker;
        await change('hold', () => void (this.isHeld = true));
        return 'token';
      },
      release: (held) =>
        change('release', () => {
          if (held !== 'token') throw new Error(`released with ${JSON.stringify(held)}`);
          this.isHeld = false;
        }),
    };
  }

  /** Nothing else that held it is there any more. */
  get startsWithMachine(): boolean {
    return this.#marker === undefined || !existsSync(this.#marker);
  }

  #start(): void {
    if (this.isHeld) throw new Error('it is held');
    this.isRunning = true;
  }
}

/** As in `change-steps.ts`. */
const ROOM_PAUSE_MS = 500;

/** A disk that is full stays so: the time that is waited for room passes at once. */
function withoutWaitForRoom(clock: Clock): Clock {
  let skippedMs = 0;
  return {
    ...clock,
    monotonicMs: () => clock.monotonicMs() + skippedMs,
    sleep(durationMs, options) {
      if (durationMs !== ROOM_PAUSE_MS) return clock.sleep(durationMs, options);
      skippedMs += durationMs;
      return Promise.resolve();
    },
  };
}

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
    return await last(restore.run());
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
    return last(events);
  }

  async rollBack(run: LabRun = {}): Promise<InPlaceResult> {
    const workbench = this.workbench(run);
    await using rollback = await openRollback(workbench, this.machine(run), {
      paths: this.app().paths,
      dryRun: false,
      restoreOf: () => Promise.resolve(this.#restoreInput(run)),
      repositoryOf: (journal) => this.#repositoryOf(workbench, journal, run),
    });
    return await last(rollback.run());
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
    const found: Record<string, string> = {};
    readTree(this.root, '', found);
    return found;
  }

  /** Everything on the disk and the service as they are; puts them back as often as is wanted. */
  freeze(): () => void {
    const folders = [this.root, this.state].map((folder) => ({ folder, kept: readFrozen(folder) }));
    const { isRunning, isHeld } = this.service;
    return () => {
      for (const { folder, kept } of folders) {
        rmSync(folder, { recursive: true, force: true });
        for (const entry of kept) thaw(entry);
      }
      Object.assign(this.service, { isRunning, isHeld });
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backup[Symbol.asyncDispose]();
  }
}

interface Frozen {
  readonly path: string;
  readonly stats: Stats;
  /** Absent: a folder. */
  readonly bytes?: Uint8Array;
}

/** In memory: `cpSync` takes several times as long for files as small as these. Folders first. */
function readFrozen(path: string): Frozen[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [{ path, stats, bytes: readFileSync(path) }];
  return [{ path, stats }, ...readdirSync(path).flatMap((name) => readFrozen(join(path, name)))];
}

function thaw({ path, stats: { mode, atime, mtime }, bytes }: Frozen): void {
  if (bytes === undefined) {
    mkdirSync(path, { mode, recursive: true });
    return;
  }
  writeFileSync(path, bytes, { mode });
  utimesSync(path, atime, mtime);
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
  // As an app leaves it that was killed.
  const db = new DatabaseSync(database);
  db.exec("DELETE FROM items WHERE id % 2 = 0; UPDATE items SET name = 'changed since'");
  const kept = ['', '-wal'].map((end) => [database + end, readFileSync(database + end)] as const);
  db.close();
  for (const [path, bytes] of kept) writeFileSync(path, bytes);
}

export async function last(
  events: AsyncGenerator<InPlaceEvent, InPlaceResult>,
): Promise<InPlaceResult> {
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return next.value;
    }
  } catch (error) {
    await labGate.kill(error); // as the gate of a process that died
    throw error;
  }
}

function readTree(root: string, below: string, found: Record<string, string>): void {
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    if (PLACE_NAME.test(entry.name)) continue;
    const path = join(below, entry.name);
    if (entry.isDirectory()) readTree(root, path, found);
    else found[path] = readFileSync(join(root, path), 'latin1');
  }
}

/** The files of every place beside the app. */
export function keptFiles(root: string): string[] {
  const found: Record<string, string> = {};
  for (const name of readdirSync(root)) {
    if (PLACE_NAME.test(name)) readTree(join(root, name), '', found);
  }
  return Object.values(found);
}
