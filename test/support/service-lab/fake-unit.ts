/**
 * One systemd service unit, as systemd 252 treats it: it starts and stops a real process, restarts it
 * when it ends by itself, gives up when that happens too often, and obeys masks and drop-ins as they
 * were at the last daemon-reload.
 *
 * Sources: systemd.service(5), systemd.unit(5); what a mask does to a unit file in /etc was tried
 * with `systemctl --root`.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SupervisedProcess, type ProcessEnd, type ProcessSpec } from './supervised-process.ts';

export interface UnitSpec extends ProcessSpec {
  /** With its type, as `wishlist.service`. */
  readonly name: string;
  /** Where its file lies: `/etc/systemd/system` as the admin's own, or `/usr/lib/systemd/system`. */
  readonly place: 'etc' | 'lib';
  readonly restart: 'no' | 'always' | 'on-failure';
  readonly restartMs: number;
  readonly timeoutStopMs: number;
  readonly startLimitBurst: number;
  /** Active sockets that start it, as `wishlist.socket`. */
  readonly sockets: readonly string[];
}

type ActiveState = 'inactive' | 'active' | 'activating' | 'deactivating' | 'failed';
export type JobResult = 'done' | 'masked' | 'assert' | 'too-often' | 'canceled' | 'timeout';

const START_LIMIT_INTERVAL_MS = 10_000;
const DEFAULT_TIMEOUT_STOP_MS = 90_000;

export const UNIT_FOLDERS = { etc: 'etc/systemd/system', lib: 'usr/lib/systemd/system' } as const;
export const RUNTIME_FOLDER = 'run/systemd/system';

export class FakeUnit {
  readonly spec: UnitSpec;
  active: ActiveState = 'inactive';
  sub = 'dead';
  result = 'success';
  masked = false;
  dropIns: string[] = [];
  #assertions: { readonly isWanted: boolean; readonly path: string }[] = [];
  #process: SupervisedProcess | undefined;
  #starts: number[] = [];
  #restartTimer: NodeJS.Timeout | undefined;
  #cancelStop: (() => void) | undefined;
  readonly #root: string;

  constructor(spec: UnitSpec, root: string) {
    this.spec = spec;
    this.#root = root;
    this.reload();
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Reads its files, as `daemon-reload` does. */
  reload(): void {
    const { name, place } = this.spec;
    this.masked = [UNIT_FOLDERS.etc, ...(place === 'lib' ? [RUNTIME_FOLDER] : [])].some((folder) =>
      isMask(join(this.#root, folder, name)),
    );
    // Of equally named ones the one in /etc is read.
    const byName = new Map<string, string>();
    for (const folder of [UNIT_FOLDERS.lib, RUNTIME_FOLDER, UNIT_FOLDERS.etc]) {
      const dropIns = join(this.#root, folder, `${name}.d`);
      if (statSync(dropIns, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
      for (const file of readdirSync(dropIns)) {
        if (file.endsWith('.conf')) byName.set(file, join(dropIns, file));
      }
    }
    this.dropIns = [...byName.keys()].sort().map((file) => byName.get(file) ?? '');
    this.#assertions = this.dropIns.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/^AssertPathExists=(!?)(\/.*)$/gm)].map(
        ([, not, wanted = '']) => ({ isWanted: not === '', path: wanted.replaceAll('%%', '%') }),
      ),
    );
  }

  async start(): Promise<JobResult> {
    if (this.masked) return 'masked';
    if (this.active === 'active') return 'done';
    if (this.#process !== undefined) {
      this.#cancelStop?.();
      await this.#process.ended;
      await new Promise(setImmediate);
    }
    if (this.#assertionFails()) return 'assert';
    const recent = this.#starts.filter((at) => performance.now() - at < START_LIMIT_INTERVAL_MS);
    if (recent.length >= this.spec.startLimitBurst) {
      this.#set('failed', 'failed', 'start-limit-hit');
      return 'too-often';
    }
    this.#starts = [...recent, performance.now()];
    this.#fork();
    return 'done';
  }

  async stop(): Promise<JobResult> {
    clearTimeout(this.#restartTimer);
    const running = this.#process;
    if (running === undefined) {
      if (this.active !== 'failed') this.#set('inactive', 'dead', this.result);
      return 'done';
    }
    this.#set('deactivating', 'stop-sigterm', 'success');
    const cancelled = new Promise<JobResult>((resolve) => {
      this.#cancelStop = () => resolve('canceled');
    });
    // A masked unit is read as empty: its own limit is gone.
    const timeoutMs = this.masked ? DEFAULT_TIMEOUT_STOP_MS : this.spec.timeoutStopMs;
    const stopped = running.stop(timeoutMs).then((end): JobResult => {
      this.#process = undefined;
      const clean = end.exitCode === 0 || end.endedBy === 'SIGTERM';
      if (end.killed) this.#set('failed', 'failed', 'timeout');
      else if (clean) this.#set('inactive', 'dead', 'success');
      else this.#set('failed', 'failed', 'exit-code');
      return 'done';
    });
    return Promise.race([stopped, cancelled]);
  }

  resetFailed(): void {
    this.#starts = [];
    if (this.active === 'failed') this.#set('inactive', 'dead', 'success');
  }

  /** SIGKILL from outside: systemd sees it end by itself. */
  kill(): void {
    this.#process?.signal('SIGKILL');
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#restartTimer);
    const running = this.#process;
    this.#process = undefined;
    running?.signal('SIGKILL');
    await running?.ended;
  }

  #fork(): void {
    const running = new SupervisedProcess(this.spec);
    this.#process = running;
    this.#set('active', 'running', 'success');
    void running.ended.then((end) => this.#endedByItself(running, end));
  }

  #endedByItself(ended: SupervisedProcess, { exitCode, endedBy }: ProcessEnd): void {
    if (this.#process !== ended || this.active === 'deactivating') return;
    this.#process = undefined;
    const clean = exitCode === 0;
    const { restart, restartMs } = this.spec;
    const again = !this.masked && (restart === 'always' || (restart === 'on-failure' && !clean));
    const result = clean ? 'success' : endedBy === null ? 'exit-code' : 'signal';
    if (!again) {
      this.#set(clean ? 'inactive' : 'failed', clean ? 'dead' : 'failed', result);
      return;
    }
    this.#set('activating', 'auto-restart', result);
    this.#restartTimer = setTimeout(() => void this.start(), restartMs);
  }

  /** All of them have to hold. */
  #assertionFails(): boolean {
    return this.#assertions.some(({ isWanted, path }) => existsSync(path) !== isWanted);
  }

  #set(active: ActiveState, sub: string, result: string): void {
    [this.active, this.sub, this.result] = [active, sub, result];
  }
}

function isMask(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() === true && readlinkSync(path) === '/dev/null';
}
