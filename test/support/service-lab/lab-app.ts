/** The running app, and the service manager that looks after it, in the hands of a test. */
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TempFolder } from '../temp-folder.ts';
import type { WishlistFolders } from '../wishlist-app/lay-out-wishlist.ts';
import type { AppOptions, LabItem } from './app-options.ts';
import type { MailSink } from './mail-sink.ts';
import type { LabAnswer, LabRequest } from './manager-protocol.ts';
import type { ProgramAnswer } from './program-answer.ts';

export const UNIT = 'wishlist.service';
export const CONTAINER = 'wishlist';

export interface StartedLab {
  readonly dir: TempFolder;
  readonly folders: WishlistFolders;
  readonly port: number;
  readonly managerPort: number;
  readonly isDocker: boolean;
  readonly mails: MailSink;
  readonly stopManager: () => Promise<void>;
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
  readonly #closeTabs = new AbortController();
  /** Kept, because an answer that is collected as garbage closes its connection. */
  readonly #tabs: Response[] = [];

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
    const { signal } = this.#closeTabs;
    this.#tabs.push(await fetch(`http://127.0.0.1:${this.port}/events`, { signal }));
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

  /** Whatever a test that failed left behind; and it may be started as often as is wanted. */
  async forgetHolds(): Promise<void> {
    rmSync(this.#dir.join('root', 'run'), { recursive: true, force: true });
    await this.systemctl('daemon-reload');
    await this.systemctl('reset-failed', UNIT);
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
    this.#closeTabs.abort();
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
