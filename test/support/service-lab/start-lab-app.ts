/**
 * A small Wishlist that really runs under a service manager, for whatever stops, starts, replaces and
 * probes an app:
 *
 *   await using app = await startLabApp({ app: { stopWaitMs: 300 } });
 *   runKeepsake([...], { env: app.env });   // its PATH has the lab's systemctl and docker
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tempFolder, type TempFolder } from '../temp-folder.ts';
import {
  layOutWishlist,
  type WishlistFolders,
  type WishlistOptions,
} from '../wishlist-app/lay-out-wishlist.ts';
import type { AppOptions, LabItem } from './app-options.ts';
import { UNIT_FOLDERS, type UnitSpec } from './fake-unit.ts';
import { freePort } from './free-port.ts';
import { startMailSink, type MailSink } from './mail-sink.ts';
import {
  clientProgram,
  type LabAnswer,
  type LabRequest,
  type LabSpec,
} from './manager-protocol.ts';
import type { ProgramAnswer } from './program-answer.ts';

const UNIT = 'wishlist.service';
const CONTAINER = 'wishlist';
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
  /** Where the app's root lies. Default: `wishlist` in the lab's folder. */
  readonly root?: string;
}

export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** What the app is asked for while nobody answers. */
const SILENT: Answer = { status: 0, location: undefined, body: '' };

export class LabApp implements AsyncDisposable {
  readonly folders: WishlistFolders;
  readonly port: number;
  /** As `service` and `health` of the config. */
  readonly service: { systemd: string } | { docker: string };
  readonly health: {
    readonly url: string;
    readonly status: 200;
    readonly not: { status: number; location?: string; means: string }[];
  };
  /** For a program under test: PATH with the lab's `systemctl` and `docker` first. */
  readonly env: Readonly<Record<string, string>>;
  readonly unit = UNIT;
  readonly #dir: TempFolder;
  readonly #managerPort: number;
  readonly #mails: MailSink;
  readonly #stopManager: () => Promise<void>;
  readonly #tabs = new AbortController();

  constructor(started: StartedLab) {
    this.#dir = started.dir;
    this.folders = started.folders;
    this.port = started.port;
    this.#managerPort = started.managerPort;
    this.#mails = started.mails;
    this.#stopManager = started.stopManager;
    this.service = started.isDocker ? { docker: CONTAINER } : { systemd: UNIT };
    this.health = {
      url: `http://127.0.0.1:${started.port}/login`,
      status: 200,
      not: [
        { status: 302, location: '/setup-wizard', means: 'the database holds no users' },
        { status: 500, means: 'the database is damaged, empty or missing' },
      ],
    };
    this.env = { PATH: `${started.dir.join('bin')}:${process.env['PATH']}` };
  }

  get root(): string {
    return this.folders.root;
  }

  /** A path beside the app, in the lab's own folder; `root/…` stands for `/`. */
  join(...parts: string[]): string {
    return this.#dir.join(...parts);
  }

  /** What it logged. */
  get logFile(): string {
    return this.#dir.join('app.log');
  }

  /** `status` 0 when nobody answers. */
  async request(path: string, init: RequestInit = {}): Promise<Answer> {
    try {
      const url = `http://127.0.0.1:${this.port}${path}`;
      const headers = { connection: 'close' };
      const response = await fetch(url, { redirect: 'manual', headers, ...init });
      const location = response.headers.get('location') ?? undefined;
      return { status: response.status, location, body: await response.text() };
    } catch {
      return SILENT;
    }
  }

  /** The status of `GET /login`. */
  async loginStatus(): Promise<number> {
    return (await this.request('/login')).status;
  }

  async items(): Promise<LabItem[]> {
    const { status, body } = await this.request('/items');
    if (status !== 200) throw new Error(`GET /items: ${status} ${body}`);
    return JSON.parse(body) as LabItem[];
  }

  async addItem(name: string): Promise<LabItem> {
    const init = { method: 'POST', body: JSON.stringify({ name }) };
    const { status, body } = await this.request('/items', init);
    if (status !== 201) throw new Error(`POST /items: ${status} ${body}`);
    return JSON.parse(body) as LabItem;
  }

  async deleteItem(id: number): Promise<void> {
    await this.request(`/items/${id}`, { method: 'DELETE' });
  }

  /** An open page, which holds up a stop by the app's `stopWaitMs`. */
  async openTab(): Promise<void> {
    await fetch(`http://127.0.0.1:${this.port}/events`, { signal: this.#tabs.signal });
  }

  /** Waits for an answer of `GET /login`. */
  async untilUp(status = 200): Promise<void> {
    await this.#until(async () => (await this.loginStatus()) === status, `${status} of /login`);
  }

  /** Holds from its next start on. */
  setApp(options: AppOptions): void {
    writeFileSync(this.#dir.join('app-options.json'), JSON.stringify(options));
  }

  /** systemd's ActiveState, or docker's Status. */
  async state(): Promise<string> {
    if ('systemd' in this.service) {
      const show = ['show', '-p', 'ActiveState', '--value', UNIT];
      return ((await this.systemctl(...show)).stdout ?? '').trim();
    }
    const { stdout = '[]' } = await this.docker('inspect', CONTAINER);
    const [container] = JSON.parse(stdout) as { State: { Status: string } }[];
    return container?.State.Status ?? 'missing';
  }

  async untilState(state: string): Promise<void> {
    await this.#until(async () => (await this.state()) === state, `state ${state}`);
  }

  /** As a person types it; it is in `calls` as well. */
  systemctl(...argv: string[]): Promise<ProgramAnswer> {
    return this.#ask({ program: 'systemctl', argv });
  }

  docker(...argv: string[]): Promise<ProgramAnswer> {
    return this.#ask({ program: 'docker', argv });
  }

  async start(): Promise<void> {
    const isUnit = 'systemd' in this.service;
    const { exitCode, stderr } = await (isUnit
      ? this.systemctl('start', UNIT)
      : this.docker('start', CONTAINER));
    if (exitCode !== 0) throw new Error(stderr);
  }

  async stop(): Promise<void> {
    const isUnit = 'systemd' in this.service;
    await (isUnit ? this.systemctl('stop', UNIT) : this.docker('stop', CONTAINER));
  }

  /** SIGKILL from outside; the manager may start it again. */
  async kill(): Promise<void> {
    await this.#ask({ admin: 'kill' });
  }

  /** Its process, 0 when there is none. */
  async pid(): Promise<number> {
    return Number((await this.#ask({ admin: 'pid' })).stdout);
  }

  /** All calls of `systemctl` and `docker` so far, as `systemctl stop wishlist.service`. */
  async calls(): Promise<readonly string[]> {
    return (await this.#ask({ admin: 'calls' })).calls ?? [];
  }

  /** The next call with `word` in its argv gets `answer` and does nothing. */
  async fault(word: string, answer: ProgramAnswer): Promise<void> {
    await this.#ask({ admin: 'fault', word, answer });
  }

  /** Somebody connects to a socket of the unit. */
  async trigger(socket: string): Promise<void> {
    await this.#ask({ admin: 'trigger', socket });
  }

  /** What the app sent, a text each. */
  mails(): readonly string[] {
    return this.#mails.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tabs.abort();
    await this.#stopManager();
    await this.#mails[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }

  async #ask(request: LabRequest): Promise<LabAnswer> {
    const socket = connect(this.#managerPort, '127.0.0.1');
    socket.write(`${JSON.stringify(request)}\n`);
    return JSON.parse(await text(socket)) as LabAnswer;
  }

  async #until(isSo: () => Promise<boolean>, what: string): Promise<void> {
    for (let left = 400; left > 0; left -= 1) {
      if (await isSo()) return;
      await sleep(25);
    }
    throw new Error(`waited in vain for ${what}; it is ${await this.state()}`);
  }
}

interface StartedLab {
  readonly dir: TempFolder;
  readonly folders: WishlistFolders;
  readonly port: number;
  readonly managerPort: number;
  readonly isDocker: boolean;
  readonly mails: MailSink;
  readonly stopManager: () => Promise<void>;
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
      LAB_APP_OPTIONS: dir.join('app-options.json'),
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
