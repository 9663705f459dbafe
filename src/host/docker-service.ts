/**
 * A docker container, through `docker`.
 *
 * Sources: docs.docker.com/reference/cli/docker/container (inspect, stop, start, update), tried
 * against the option parser of docker 28. `-t` of `stop` is known to old and new versions alike.
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { JsonValue } from '../base/json-value.ts';
import { askManager, type AskOptions, type ServiceAnswer } from './service-program.ts';
import type { HoldOptions, ServiceControl, ServiceHost, ServiceState } from './service.ts';

type Signal = { signal?: AbortSignal | undefined };

interface Container {
  readonly status: string;
  readonly restart: string;
  readonly removedWhenStopped: boolean;
}

const CONTAINER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
/** Docker itself kills at the limit; it gets this much longer to do so and say so. */
const ANSWER_MS = 15_000;

export class DockerService implements ServiceControl {
  readonly description: string;
  readonly #name: string;
  readonly #host: ServiceHost;

  constructor(name: string, host: ServiceHost) {
    if (!CONTAINER_NAME.test(name)) {
      throw new KeepsakeError('SERVICE_NAME_INVALID', { kind: 'docker container', name });
    }
    this.#name = name;
    this.#host = host;
    this.description = `docker container ${name}`;
  }

  async state(options: Signal): Promise<ServiceState> {
    const container = await this.#inspect(options);
    return container === undefined ? 'missing' : stateOf(container.status);
  }

  /** At the limit docker kills it: its own default of 10 s is too short for some apps. */
  async stop({ limitMs, signal }: { limitMs: number } & Signal): Promise<void> {
    const before = await this.#inspect({ signal });
    if (before?.removedWhenStopped === true) {
      throw this.#stopFailed('it was started with --rm, so stopping would remove it');
    }
    const seconds = String(Math.max(1, Math.floor(limitMs / 1000)));
    const answer = await this.#docker(['stop', '-t', seconds, this.#name], {
      limitMs: limitMs + ANSWER_MS,
      signal,
    });
    if (answer.timedOut) {
      const details = { service: this.description, limitMs, running: 'the container' };
      throw new KeepsakeError('SERVICE_STOP_TIMEOUT', details);
    }
    if (answer.exitCode !== 0) throw this.#stopFailed(answer.reason);
    const after = await this.#inspect({ signal });
    if (after !== undefined && stateOf(after.status) === 'running') {
      throw this.#stopFailed(`it is ${after.status} again; somebody else started it`);
    }
  }

  async start({ limitMs, signal }: { limitMs: number } & Signal): Promise<void> {
    const answer = await this.#docker(['start', this.#name], { limitMs, signal });
    if (answer.timedOut) {
      throw this.#startFailed(`it was not up after ${Math.round(limitMs / 1000)} s`);
    }
    if (answer.exitCode !== 0) throw this.#startFailed(answer.reason);
  }

  async hold({ signal, record, known }: HoldOptions): Promise<JsonValue> {
    const restart = known === undefined ? await this.#restartPolicy({ signal }) : policyOf(known);
    const held = { restart };
    await record?.(held);
    if (restart === 'no') return held;
    const { exitCode, reason } = await this.#setRestart('no', { signal });
    if (exitCode !== 0) throw this.#holdFailed(reason);
    return held;
  }

  async release(held: JsonValue, options: Signal): Promise<void> {
    const restart = policyOf(held);
    if (restart === 'no') return;
    const { exitCode, reason } = await this.#setRestart(restart, options);
    if (exitCode === 0) return;
    const command = `docker update --restart ${restart} ${this.#name}`;
    const details = { service: this.description, reason, command };
    throw new KeepsakeError('SERVICE_RELEASE_FAILED', details);
  }

  async #restartPolicy(options: Signal): Promise<string> {
    const container = await this.#inspect(options);
    if (container === undefined) throw this.#holdFailed('there is no such container');
    return container.restart;
  }

  #setRestart(policy: string, options: Signal): Promise<ServiceAnswer> {
    return this.#docker(['update', '--restart', policy, this.#name], options);
  }

  async #inspect(options: Signal): Promise<Container | undefined> {
    const args = ['inspect', '--type', 'container', this.#name];
    const { exitCode, stdout, reason } = await this.#docker(args, options);
    if (exitCode === 0) return decodeContainer(stdout);
    if (/no such (?:container|object)/i.test(reason)) return undefined;
    throw new KeepsakeError('SERVICE_NOT_ASKED', { service: this.description, reason });
  }

  #docker(args: readonly string[], options: AskOptions): Promise<ServiceAnswer> {
    return askManager(['docker', ...args], this.#host, options);
  }

  #stopFailed(reason: string): KeepsakeError {
    return new KeepsakeError('SERVICE_STOP_FAILED', { service: this.description, reason });
  }

  #startFailed(reason: string): KeepsakeError {
    const look = `\`docker logs --tail 50 ${this.#name}\``;
    return new KeepsakeError('SERVICE_START_FAILED', { service: this.description, reason, look });
  }

  #holdFailed(reason: string): KeepsakeError {
    return new KeepsakeError('SERVICE_HOLD_FAILED', { service: this.description, reason });
  }
}

/** Source: the Engine API's ContainerState. A paused one holds its files open. */
function stateOf(status: string): ServiceState {
  switch (status) {
    case 'running':
    case 'paused':
    case 'restarting':
    case 'removing':
      return 'running';
    case 'created':
    case 'exited':
      return 'stopped';
    case 'dead':
      return 'failed';
    default:
      return 'unknown';
  }
}

interface Inspected {
  readonly State?: { readonly Status?: string };
  readonly HostConfig?: {
    readonly AutoRemove?: boolean;
    readonly RestartPolicy?: { readonly Name?: string; readonly MaximumRetryCount?: number };
  };
}

function decodeContainer(text: string): Container {
  const [inspected] = JSON.parse(text) as [Inspected?];
  const { Name = '', MaximumRetryCount = 0 } = inspected?.HostConfig?.RestartPolicy ?? {};
  // Never set, it is empty; `docker update` wants a name.
  const name = Name === '' ? 'no' : Name;
  return {
    status: inspected?.State?.Status ?? '',
    restart: MaximumRetryCount > 0 ? `${name}:${MaximumRetryCount}` : name,
    removedWhenStopped: inspected?.HostConfig?.AutoRemove === true,
  };
}

/** From a journal, so nothing is taken for granted. */
function policyOf(held: JsonValue): string {
  const { restart } = Object(held) as { restart?: JsonValue };
  return typeof restart === 'string' ? restart : 'no';
}
