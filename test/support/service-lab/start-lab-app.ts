/**
 * A small Wishlist that really runs under a service manager, for whatever stops, starts, replaces and
 * probes an app:
 *
 *   await using app = await startLabApp({ app: { stopWaitMs: 300 } });
 *   runKeepsake([...], { env: app.env });   // its PATH has the lab's systemctl and docker
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tempFolder, type TempFolder } from '../temp-folder.ts';
import {
  layOutWishlist,
  type WishlistFolders,
  type WishlistOptions,
} from '../wishlist-app/lay-out-wishlist.ts';
import type { AppOptions } from './app-options.ts';
import { UNIT_FOLDERS, type UnitSpec } from './fake-unit.ts';
import { freePort } from './free-port.ts';
import { CONTAINER, LabApp, UNIT } from './lab-app.ts';
import { startMailSink } from './mail-sink.ts';
import { clientProgram, type LabSpec } from './manager-protocol.ts';

export const labAppMain = fileURLToPath(new URL('./lab-app-main.ts', import.meta.url));
const managerMain = fileURLToPath(new URL('./manager-main.ts', import.meta.url));

export interface LabAppOptions {
  readonly data?: WishlistOptions;
  readonly app?: AppOptions;
  /** Who looks after it. Default `systemd`. */
  readonly manager?: 'systemd' | 'docker';
  readonly unit?: Partial<
    Omit<UnitSpec, 'name' | 'argv' | 'environment' | 'workingFolder' | 'logFile'>
  >;
  /** Docker's. Default `unless-stopped`. */
  readonly restartPolicy?: string;
  readonly autoRemove?: boolean;
  /** Default: it runs and answers. */
  readonly running?: boolean;
  /** Where the file with its `AppOptions` lies, below the root: they are part of its code then. */
  readonly optionsFile?: string;
  /** Where the app's root lies. Default: `wishlist` in the lab's folder. */
  readonly root?: string;
}

export async function startLabApp(options: LabAppOptions = {}): Promise<LabApp> {
  const { data = {}, running = true, manager = 'systemd' } = options;
  const dir = await tempFolder('keepsake-lab-');
  chmodSync(dir.path, 0o755);
  const root = options.root ?? dir.join('wishlist');
  const folders = layOutWishlist(root, { users: 4, items: 20, ...data });
  const [port, managerPort, mails] = [await freePort(), await freePort(), await startMailSink()];
  const spec = labSpec({ dir, folders, port, managerPort, mailPort: mails.port }, options);
  writePrograms(dir, spec);
  const stopManager = await startManager(dir);
  const isDocker = manager === 'docker';
  const lab = new LabApp({ dir, folders, port, managerPort, isDocker, mails, stopManager });
  lab.setApp(options.app ?? {});
  if (!running) return lab;
  await lab.start();
  await lab.untilUp();
  return lab;
}

interface Place {
  readonly dir: TempFolder;
  readonly folders: WishlistFolders;
  readonly port: number;
  readonly managerPort: number;
  readonly mailPort: number;
}

function labSpec(
  { dir, folders, port, managerPort, mailPort }: Place,
  options: LabAppOptions,
): LabSpec {
  const base = {
    argv: [process.execPath, '--disable-warning=ExperimentalWarning', labAppMain],
    workingFolder: folders.root,
    logFile: dir.join('app.log'),
    environment: {
      PORT: String(port),
      DATABASE_URL: `file:${folders.database}?connection_limit=1`,
      LAB_APP_OPTIONS:
        options.optionsFile === undefined
          ? dir.join('app-options.json')
          : join(folders.root, options.optionsFile),
      MAIL_PORT: String(mailPort),
    },
  };
  const unit: UnitSpec = {
    name: UNIT,
    place: 'etc',
    restart: 'always',
    restartMs: 100,
    timeoutStopMs: 5000,
    startLimitBurst: 5,
    sockets: [],
    ...options.unit,
    ...base,
  };
  const { restartPolicy: restart = 'unless-stopped', autoRemove = false } = options;
  const isDocker = options.manager === 'docker';
  return {
    root: dir.join('root'),
    port: managerPort,
    units: isDocker ? [] : [unit],
    container: isDocker ? { name: CONTAINER, restart, autoRemove, ...base } : undefined,
  };
}

function writePrograms(dir: TempFolder, spec: LabSpec): void {
  mkdirSync(dir.join('bin'));
  for (const program of ['systemctl', 'docker'] as const) {
    writeFileSync(dir.join('bin', program), clientProgram(program, spec.port), { mode: 0o755 });
  }
  for (const { place, name } of spec.units) {
    const file = join(spec.root, UNIT_FOLDERS[place], name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '[Unit]\nDescription=Wishlist\n');
  }
  writeFileSync(dir.join('manager.json'), JSON.stringify(spec));
}

async function startManager(dir: TempFolder): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [managerMain, dir.join('manager.json')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const failed = ended.then(() => Promise.reject(new Error('the service manager ended')));
  await Promise.race([once(child.stdout, 'data'), failed]);
  failed.catch(() => {}); // later it ends because it is told to
  return async () => {
    child.stdin.end();
    await ended;
  };
}
