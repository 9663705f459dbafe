/** What a change in place needs of the machine. Tests put their own in the place of each part. */
import { chmod, chown, lstat, open, utimes } from 'node:fs/promises';
import type { FileLayer } from '../../backend/file-layer.ts';
import type { Clock } from '../../base/clock.ts';
import { fsPath } from '../../base/raw-name.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { requireAccount } from '../../host/accounts.ts';
import type { Environment } from '../../host/command-environment.ts';
import { probeHealth, type HealthVerdict } from '../../host/health-probe.ts';
import { syncFileSystem } from '../../host/libc.ts';
import { mountPoints } from '../../host/mount-points.ts';
import { findFileUsers, type FileUser } from '../../host/open-files.ts';
import { openService } from '../../host/open-service.ts';
import type { ServiceControl } from '../../host/service.ts';
import { changeFileLayer } from './change-files.ts';
import type { judgeDatabaseAt } from './judge-after.ts';
import type { AttributeAccess } from './swap-units.ts';

export interface ChangeMachine {
  /** Where pointers to journals, the lock and the last change are. */
  readonly stateFolder: string;
  readonly files: FileLayer;
  readonly attributes: AttributeAccess;
  readonly mountPoints: () => ReadonlySet<string>;
  readonly findFileUsers: (paths: readonly string[]) => FileUser[];
  readonly syncFileSystem: (path: string) => Promise<void>;
  /** How long an app may keep a database locked that is to be written live. */
  readonly lockLimitMs: number;
  /** `undefined` where the config names none. */
  readonly openService: (app: ResolvedApp) => ServiceControl | undefined;
  /** Whether SQLite finds it sound, and what is in it. */
  readonly judgeDatabase: typeof judgeDatabaseAt;
  /** `undefined` where there is nothing to ask. */
  readonly probe: (app: ResolvedApp, signal?: AbortSignal) => Promise<HealthVerdict | undefined>;
}

/** An app waits 5 s for a lock before it gives up a write, as better-sqlite3 does. */
const LOCK_LIMIT_MS = 10_000;

export interface MachineOptions {
  readonly stateFolder: string;
  readonly clock: Clock;
  /** Keepsake's own. */
  readonly environment: Environment;
}

export function thisMachine(options: MachineOptions): ChangeMachine {
  return {
    stateFolder: options.stateFolder,
    files: changeFileLayer,
    attributes: { read: readAttributes, write: writeAttributes },
    mountPoints,
    findFileUsers,
    syncFileSystem: syncAll,
    lockLimitMs: LOCK_LIMIT_MS,
    openService: (app) => serviceOf(app, options),
    async judgeDatabase(...about) {
      const { judgeDatabaseAt: judge } = await import('./judge-after.ts');
      return judge(...about);
    },
    async probe({ health }, signal) {
      if (health === undefined) return undefined;
      return probeHealth(health, { clock: options.clock, limitMs: health.timeoutMs, signal });
    },
  };
}

/** How long an app that should run may take for one answer. */
const UP_LIMIT_MS = 2000;

function serviceOf(app: ResolvedApp, { clock, environment }: MachineOptions) {
  const { service, health } = app;
  if (service === undefined) return undefined;
  return openService(service, {
    clock,
    environment,
    commands: {
      runAs: app.runAs === undefined ? undefined : requireAccount(app.runAs),
      workingFolder: app.workingDirectory,
      environment: app.environment,
    },
    ...(health !== undefined && {
      async isUp(signal?: AbortSignal) {
        const once = { clock, limitMs: UP_LIMIT_MS, pauseMs: UP_LIMIT_MS, signal };
        return (await probeHealth(health, once)).kind !== 'timeout';
      },
    }),
  });
}

async function readAttributes(path: string) {
  const { mode, uid, gid, mtimeMs } = await lstat(fsPath(path));
  return { mode: mode & 0o7777, uid, gid, modifiedMs: mtimeMs };
}

const writeAttributes: AttributeAccess['write'] = async (path, attributes) => {
  const { mode, uid, gid, modifiedMs } = attributes;
  const found = await lstat(fsPath(path));
  if (found.uid !== uid || found.gid !== gid) await chown(fsPath(path), uid, gid);
  await chmod(fsPath(path), mode);
  await utimes(fsPath(path), found.atime, modifiedMs / 1000);
};

async function syncAll(path: string): Promise<void> {
  await using folder = await open(fsPath(path), 'r');
  syncFileSystem({ fd: folder.fd, path });
}
