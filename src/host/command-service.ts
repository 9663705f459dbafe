/** An app that given programs stop and start, run as the app's user in its folder. */
import { basename } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { JsonValue } from '../base/json-value.ts';
import { appEnvironment } from './command-environment.ts';
import { runCommand, type CommandResult } from './run-command.ts';
import type { ServiceConfig, ServiceControl, ServiceHost, ServiceState } from './service.ts';

type Commands = NonNullable<ServiceConfig['commands']>;
type Limits = { limitMs: number; signal?: AbortSignal | undefined };

const PAUSE_MS = 200;

export class CommandService implements ServiceControl {
  readonly description: string;
  readonly #commands: Commands;
  readonly #host: ServiceHost;

  constructor(commands: Commands, host: ServiceHost) {
    this.#commands = commands;
    this.#host = host;
    this.description = `the app that "${basename(commands.stop[0] ?? '')}" stops`;
  }

  async state({ signal }: { signal?: AbortSignal | undefined }): Promise<ServiceState> {
    const up = await this.#host.isUp?.(signal);
    if (up === undefined) return 'unknown';
    return up ? 'running' : 'stopped';
  }

  async stop(limits: Limits): Promise<void> {
    const { clock } = this.#host;
    const endMs = clock.monotonicMs() + limits.limitMs;
    const { exitCode, timedOut, lastLines } = await this.#run(this.#commands.stop, limits);
    if (timedOut) throw this.#stopTimeout(limits.limitMs, `${this.#commands.stop[0]} itself`);
    if (exitCode !== 0) {
      const reason = describeFailure(exitCode, lastLines);
      throw new KeepsakeError('SERVICE_STOP_FAILED', { service: this.description, reason });
    }
    while ((await this.state(limits)) === 'running') {
      if (clock.monotonicMs() >= endMs) throw this.#stopTimeout(limits.limitMs, 'it still answers');
      await clock.sleep(PAUSE_MS, { signal: limits.signal });
    }
  }

  async start(limits: Limits): Promise<void> {
    const { exitCode, timedOut, lastLines } = await this.#run(this.#commands.start, limits, true);
    if (exitCode === 0 && !timedOut) return;
    const reason = timedOut
      ? `${this.#commands.start[0]} did not end within ${Math.round(limits.limitMs / 1000)} s`
      : describeFailure(exitCode, lastLines);
    const look = `\`${this.#commands.start[0]}\` was run as \`start\` of \`service\` in keepsake.yaml`;
    throw new KeepsakeError('SERVICE_START_FAILED', { service: this.description, reason, look });
  }

  /** Nothing but the command starts it, as far as we know. */
  async hold({ record }: { record?: ((held: JsonValue) => Promise<void>) | undefined }) {
    await record?.(null);
    return null;
  }

  async release(): Promise<void> {}

  #run(argv: readonly string[], limits: Limits, outlived = false): Promise<CommandResult> {
    const { clock, environment, commands } = this.#host;
    return runCommand(argv, {
      clock,
      environment: appEnvironment(environment, commands?.runAs, commands?.environment),
      workingFolder: commands?.workingFolder,
      runAs: commands?.runAs,
      outlived,
      ...limits,
    });
  }

  #stopTimeout(limitMs: number, running: string): KeepsakeError {
    const details = { service: this.description, limitMs, running };
    return new KeepsakeError('SERVICE_STOP_TIMEOUT', details);
  }
}

function describeFailure(exitCode: number | null, lastLines: readonly string[]): string {
  const said = lastLines.findLast((line) => line.trim() !== '');
  const ended = `the program ended with ${exitCode === null ? 'a signal' : `exit code ${exitCode}`}`;
  return said === undefined ? ended : `${ended}: ${said.trim().replace(/\.$/, '')}`;
}
