/**
 * `docker` 28 with one container: the options of docs.docker.com/reference/cli/docker/container and
 * no others, its output and exit codes. The container is a real process with a restart policy.
 */
import { SupervisedProcess, type ProcessSpec } from './supervised-process.ts';
import { parseArguments, UnknownOptionError, type ProgramAnswer } from './program-answer.ts';

export interface ContainerSpec extends ProcessSpec {
  readonly name: string;
  /** As `unless-stopped` or `on-failure:3`. */
  readonly restart: string;
  /** `docker run --rm`. */
  readonly autoRemove: boolean;
}

/** Source: `docker COMMAND --help` of docker 28.2. `true`: it takes a value. */
const OPTIONS: Readonly<Record<string, ReadonlyMap<string, boolean>>> = {
  inspect: new Map([
    ['-f', true],
    ['--format', true],
    ['-s', false],
    ['--size', false],
    ['--type', true],
  ]),
  stop: new Map([
    ['-s', true],
    ['--signal', true],
    ['-t', true],
    ['--time', true],
    ['--timeout', true],
  ]),
  start: new Map([
    ['-a', false],
    ['--attach', false],
    ['-i', false],
    ['--interactive', false],
  ]),
  update: new Map([
    ['--restart', true],
    ['-m', true],
    ['--memory', true],
    ['--cpus', true],
  ]),
};
const DEFAULT_STOP_MS = 10_000;
const RESTART_MS = 100; // what the daemon begins with

export class FakeDocker {
  readonly #spec: ContainerSpec;
  #restart: string;
  #process: SupervisedProcess | undefined;
  #status: 'created' | 'running' | 'restarting' | 'exited' = 'created';
  #exitCode = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(spec: ContainerSpec) {
    this.#spec = spec;
    this.#restart = spec.restart;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async run([command = '', ...argv]: readonly string[]): Promise<ProgramAnswer> {
    const known = OPTIONS[command];
    if (known === undefined) {
      return { exitCode: 1, stderr: `docker: unknown command: docker ${command}\n` };
    }
    try {
      const { options, words } = parseArguments(argv, known);
      if (words.length === 0) {
        return {
          exitCode: 1,
          stderr: `docker: 'docker ${command}' requires at least 1 argument\n`,
        };
      }
      return await this.#runOn(words[0] ?? '', command, options);
    } catch (error) {
      if (!(error instanceof UnknownOptionError)) throw error;
      return { exitCode: 125, stderr: `unknown flag: ${error.message}\n` };
    }
  }

  kill(): void {
    this.#process?.signal('SIGKILL');
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping = true;
    this.#process?.signal('SIGKILL');
    await this.#process?.ended;
  }

  async #runOn(
    name: string,
    command: string,
    options: ReadonlyMap<string, string | true>,
  ): Promise<ProgramAnswer> {
    if (name !== this.#spec.name) {
      const stderr = `Error response from daemon: No such container: ${name}\n`;
      return { exitCode: 1, stderr, ...(command === 'inspect' ? { stdout: '[]\n' } : {}) };
    }
    if (command === 'inspect') return { exitCode: 0, stdout: this.#inspect() };
    if (command === 'start') this.#start();
    if (command === 'stop') {
      const seconds = options.get('-t') ?? options.get('--timeout') ?? options.get('--time');
      await this.#stop(seconds === undefined ? DEFAULT_STOP_MS : Number(seconds) * 1000);
    }
    if (command === 'update') return this.#update(options.get('--restart'));
    return { exitCode: 0, stdout: `${name}\n` };
  }

  #update(restart: string | true | undefined): ProgramAnswer {
    const { name, autoRemove } = this.#spec;
    if (autoRemove && restart !== undefined) {
      const stderr = `Error response from daemon: Restart policy cannot be updated because AutoRemove is enabled for the container\n`;
      return { exitCode: 1, stderr };
    }
    const isPolicy = /^(?:no|always|unless-stopped|on-failure(?::\d+)?)$/.test(String(restart));
    if (!isPolicy) return { exitCode: 125, stderr: `invalid restart policy: ${restart}\n` };
    this.#restart = String(restart);
    return { exitCode: 0, stdout: `${name}\n` };
  }

  #inspect(): string {
    const [Name = '', retries = '0'] = this.#restart.split(':');
    const container = {
      Id: 'c'.repeat(64),
      Name: `/${this.#spec.name}`,
      State: {
        Status: this.#status,
        Running: this.#status === 'running',
        Pid: this.pid,
        ExitCode: this.#exitCode,
      },
      HostConfig: {
        AutoRemove: this.#spec.autoRemove,
        RestartPolicy: { Name, MaximumRetryCount: Number(retries) },
      },
    };
    return `${JSON.stringify([container], undefined, 4)}\n`;
  }

  #start(): void {
    if (this.#status === 'running') return;
    clearTimeout(this.#timer);
    this.#stopping = false;
    const running = new SupervisedProcess(this.#spec);
    this.#process = running;
    this.#status = 'running';
    void running.ended.then(({ exitCode }) => this.#ended(exitCode ?? 137));
  }

  #ended(exitCode: number): void {
    this.#process = undefined;
    this.#exitCode = exitCode;
    const again =
      !this.#stopping &&
      (/^(?:always|unless-stopped)$/.test(this.#restart) ||
        (this.#restart.startsWith('on-failure') && exitCode !== 0));
    this.#status = again ? 'restarting' : 'exited';
    if (again) this.#timer = setTimeout(() => this.#start(), RESTART_MS);
  }

  async #stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#process?.stop(timeoutMs);
    this.#status = 'exited';
  }
}
