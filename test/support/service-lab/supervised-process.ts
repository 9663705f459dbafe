/** One process that a service manager looks after: started, stopped by TERM and then KILL. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface ProcessSpec {
  readonly argv: readonly string[];
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Its stdout and stderr are added to it. */
  readonly logFile: string;
}

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
}

export class SupervisedProcess {
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;

  constructor({ argv: [program = '', ...args], workingFolder, environment, logFile }: ProcessSpec) {
    const log = openSync(logFile, 'a');
    this.#child = spawn(program, args, {
      cwd: workingFolder,
      env: environment,
      stdio: ['ignore', log, log],
      detached: true, // a process group stands for the unit's control group
    });
    closeSync(log);
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
    this.#child.on('error', () => resolve({ exitCode: 203, endedBy: null })); // EXIT_EXEC
    this.#child.on('exit', (exitCode, endedBy) => resolve({ exitCode, endedBy }));
    this.ended = promise;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with its end; `killed` when TERM was not enough. */
  async stop(timeoutMs: number): Promise<ProcessEnd & { readonly killed: boolean }> {
    this.signal('SIGTERM');
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      this.signal('SIGKILL');
    }, timeoutMs);
    const end = await this.ended;
    clearTimeout(timer);
    this.signal('SIGKILL'); // what is left of the group
    return { ...end, killed };
  }

  signal(name: NodeJS.Signals): void {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, name);
    } catch {
      // Nothing of the group is left.
    }
  }
}
