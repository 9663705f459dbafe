/** Starts the app on the restored copy, asks it for its page, and stops it again. */
import { joinPath } from '../../base/raw-path.ts';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { DrillConfig } from '../../config/app-parts-schema.ts';
import { requireAccount, type Account } from '../../host/accounts.ts';
import { runConfined } from '../../host/confined-run.ts';
import type { Confinement } from '../../host/confinement.ts';
import { freeLoopbackPort } from '../../host/free-port.ts';
import type { HealthCheck } from '../../host/health-probe.ts';
import { setTreeOwner } from '../../host/tree-owner.ts';
import type { Workbench } from '../workbench.ts';
import type { DrillEvent, DrillInput } from './drill-input.ts';
import { planView, type DrillView } from './drill-view.ts';
import type { StartedCopy } from './judge-drill.ts';

export interface CopyJob {
  readonly input: DrillInput;
  readonly drill: DrillConfig;
  readonly confinement: Confinement;
  /** The root of what was restored; the folder above it is this drill's alone. */
  readonly target: string;
}

/** Nothing of it runs any more in the end, also after a failure or an abort. */
export async function* startCopy(
  workbench: Workbench,
  job: CopyJob,
): AsyncGenerator<DrillEvent, StartedCopy> {
  const { input, drill, confinement, target } = job;
  const { app, signal } = input;
  const runFolder = dirname(target);
  const user = accountOf(app.runAs);
  const workingFolder = await workingFolderOf(job);
  if (workingFolder === undefined) {
    const reason = `${drill.workingDirectory ?? app.root}, where the copy would run, is not on this machine`;
    return { kind: 'not-started', reason };
  }
  const view = planView({ app, runFolder, target, user, workingFolder });
  if (view.isCovered && !confinement.files) {
    const reason = `${user?.name} may not enter ${runFolder}`;
    return { kind: 'not-started', reason };
  }
  await preparePrivate(runFolder, target, { user, signal });
  const port = await freeLoopbackPort(livePorts(app.health?.url));
  const fill = filler(view.seenAt(joinPath(target, app.root.slice(1))), port);
  const health = healthOf(input, drill, port);
  yield { kind: 'starting', url: health.url, limitMs: drill.timeoutMs };
  const result = await runConfined(
    {
      argv: drill.command.map(fill),
      environment: environmentOf(job, view, fill),
      workingFolder: fill(workingFolder),
      user,
      check: { health, limitMs: drill.timeoutMs },
      needsLoopback: confinement.network,
      mounts: confinement.files ? view.mounts : [],
    },
    {
      clock: workbench.clock,
      prefix: confinement.prefix,
      path: input.environment['PATH'],
      signal,
    },
  );
  if (result.mountFailure !== undefined) {
    yield { kind: 'note', message: `the live files were not hidden: ${result.mountFailure}` };
  }
  return { kind: 'started', result };
}

function accountOf(name: string | undefined): Account | undefined {
  if (name === undefined) return undefined;
  const account = requireAccount(name);
  const own = process.getuid?.();
  if (own === account.uid) return undefined;
  if (own !== 0) throw new KeepsakeError('HOST_USER_DENIED', { user: name });
  return account;
}

/** `{root}` is left in it. */
async function workingFolderOf({ input, drill, target }: CopyJob): Promise<string | undefined> {
  const { root } = input.app;
  const folder = drill.workingDirectory ?? '{root}';
  const now = folder.replaceAll('{root}', joinPath(target, root.slice(1)));
  const found = await stat(now).catch(() => undefined);
  return found?.isDirectory() === true ? folder : undefined;
}

/** A home and a folder for temporary files of its own, and the copy in the hands of its user. */
async function preparePrivate(
  runFolder: string,
  target: string,
  { user, signal }: { user: Account | undefined; signal: AbortSignal | undefined },
): Promise<void> {
  const own = ['home', 'tmp'].map((name) => join(runFolder, name));
  for (const folder of own) await mkdir(folder, { mode: 0o700 });
  if (user === undefined) return;
  await chmod(runFolder, 0o711);
  for (const folder of [...own, target]) await setTreeOwner(folder, user, { signal });
}

function livePorts(url: string | undefined): number[] {
  if (url === undefined || !URL.canParse(url)) return [];
  return [Number(new URL(url).port)];
}

function filler(root: string, port: number): (text: string) => string {
  return (text) => text.replaceAll('{root}', root).replaceAll('{port}', String(port));
}

function healthOf({ app }: DrillInput, drill: DrillConfig, port: number): HealthCheck {
  const { status = 200, not = [] } = app.health ?? {};
  return { url: `http://127.0.0.1:${port}${drill.path}`, status, not };
}

/** Nothing of the caller's, nor of the live app's: what the config gives the drill, and a way to find programs. */
function environmentOf(
  { input, drill, target }: CopyJob,
  view: DrillView,
  fill: (text: string) => string,
): Record<string, string> {
  const runFolder = dirname(target);
  const own = Object.entries(drill.environment).map(([name, value]) => [name, fill(value)]);
  return {
    PATH: input.environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: view.seenAt(join(runFolder, 'home')),
    TMPDIR: view.seenAt(join(runFolder, 'tmp')),
    ...(Object.fromEntries(own) as Record<string, string>),
  };
}
