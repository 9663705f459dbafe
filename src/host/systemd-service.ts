/**
 * A systemd unit, through `systemctl`.
 *
 * Sources: systemctl(1) and systemd.unit(5) of systemd 252; tried with its `--root`: a runtime mask
 * is a link in /run/systemd/system, and a unit file in /etc/systemd/system wins over it
 * (systemd issue 10583). Apps installed by hand have theirs there, so such a unit gets a drop-in.
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { JsonValue } from '../base/json-value.ts';
import { describeProcess, processesOf } from './control-group.ts';
import { askManager, type AskOptions, type ServiceAnswer } from './service-program.ts';
import type { HoldOptions, ServiceControl, ServiceHost, ServiceState } from './service.ts';
import { removeDropIn, runtimeUnitFolder, writeDropIn } from './systemd-drop-in.ts';

type Properties = ReadonlyMap<string, string>;
type Signal = { signal?: AbortSignal | undefined };

interface HeldUnit {
  /** Masked before, by somebody else: stays so. */
  readonly masked: boolean;
  /** Sockets, timers and paths that were active: a start they cannot make ends some of them. */
  readonly triggers: readonly string[];
}

const PROPERTIES =
  'LoadState,ActiveState,SubState,Result,MainPID,ControlGroup,TriggeredBy,DropInPaths';
/** Source: systemd.unit(5), "valid characters", and the types that can be stopped and started. */
const UNIT_NAME = /^[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]{0,239}$/;
const UNIT_TYPE = /\.(?:service|target|socket|timer|path|mount|slice|scope)$/;

export class SystemdService implements ServiceControl {
  readonly description: string;
  readonly #unit: string;
  readonly #host: ServiceHost;

  /** `name` may leave `.service` out, as for systemctl. */
  constructor(name: string, host: ServiceHost) {
    if (!UNIT_NAME.test(name)) {
      throw new KeepsakeError('SERVICE_NAME_INVALID', { kind: 'systemd unit', name });
    }
    this.#unit = UNIT_TYPE.test(name) ? name : `${name}.service`;
    this.#host = host;
    this.description = `systemd unit ${this.#unit}`;
  }

  async state(options: Signal): Promise<ServiceState> {
    return stateOf(await this.#show(this.#unit, options));
  }

  async stop({ limitMs, signal }: { limitMs: number } & Signal): Promise<void> {
    const answer = await this.#systemctl(['stop', this.#unit], { limitMs, signal });
    if (answer.timedOut) {
      const running = await this.#whatRuns({ signal });
      const details = { service: this.description, limitMs, running };
      throw new KeepsakeError('SERVICE_STOP_TIMEOUT', details);
    }
    if (answer.exitCode !== 0) throw this.#stopFailed(answer.reason);
    const after = await this.#show(this.#unit, { signal });
    if (stateOf(after) === 'running') {
      throw this.#stopFailed(`it is ${activity(after)} again; somebody else started it`);
    }
    // With KillMode=process or none systemd calls it stopped while processes of it go on.
    const left = await processesOf(after.get('ControlGroup') ?? '');
    if (left !== '') throw this.#stopFailed(`systemd calls it stopped, but there is still ${left}`);
  }

  async start({ limitMs, signal }: { limitMs: number } & Signal): Promise<void> {
    let answer = await this.#systemctl(['start', this.#unit], { limitMs, signal });
    if (answer.exitCode !== 0 && !answer.timedOut && (await this.#wasTooOften({ signal }))) {
      // It crashed again and again before: what was wrong with it may be mended now.
      await this.#systemctl(['reset-failed', this.#unit], { signal });
      answer = await this.#systemctl(['start', this.#unit], { limitMs, signal });
    }
    if (answer.timedOut) {
      throw this.#startFailed(`it was not up after ${Math.round(limitMs / 1000)} s`);
    }
    if (answer.exitCode !== 0) throw this.#startFailed(answer.reason);
  }

  async hold({ signal, record, known }: HoldOptions): Promise<JsonValue> {
    const held = known === undefined ? await this.#facts({ signal }) : heldUnit(known);
    const asJson = { masked: held.masked, triggers: held.triggers };
    await record?.(asJson);
    if (held.masked) return asJson;
    const mask = await this.#systemctl(['mask', '--runtime', this.#unit], { signal });
    if (mask.exitCode !== 0) throw this.#holdFailed(mask.reason);
    const after = await this.#show(this.#unit, { signal });
    if (after.get('LoadState') !== 'masked') await this.#holdByDropIn({ signal });
    return asJson;
  }

  async release(held: JsonValue, { signal }: Signal): Promise<void> {
    const { masked, triggers } = heldUnit(held);
    if (masked) return;
    const unmask = ['unmask', '--runtime', this.#unit];
    await this.#releaseBy(unmask, { signal });
    const dropIns = (await this.#show(this.#unit, { signal })).get('DropInPaths') ?? '';
    if (await removeDropIn(this.#unit, dropIns))
      await this.#releaseBy(['daemon-reload'], { signal });
    for (const trigger of triggers) {
      const state = stateOf(await this.#show(trigger, { signal }));
      if (state !== 'running') await this.#releaseBy(['start', trigger], { signal });
    }
  }

  async #facts(options: Signal): Promise<HeldUnit> {
    const properties = await this.#show(this.#unit, options);
    const triggers: string[] = [];
    for (const trigger of words(properties.get('TriggeredBy'))) {
      if (stateOf(await this.#show(trigger, options)) === 'running') triggers.push(trigger);
    }
    return { masked: properties.get('LoadState') === 'masked', triggers };
  }

  async #holdByDropIn(options: Signal): Promise<void> {
    await this.#systemctl(['unmask', '--runtime', this.#unit], options);
    const manager = await this.#systemctl(['show', '--no-pager', '-p', 'UnitPath'], options);
    const folder = runtimeUnitFolder(manager.stdout);
    if (folder === undefined) throw this.#holdFailed('the mask has no effect on it');
    const path = await writeDropIn(this.#unit, folder).catch((error: unknown) => {
      throw this.#holdFailed(String(error));
    });
    const reload = await this.#systemctl(['daemon-reload'], options);
    if (reload.exitCode !== 0) throw this.#holdFailed(reload.reason);
    const dropIns = words((await this.#show(this.#unit, options)).get('DropInPaths'));
    if (!dropIns.includes(path)) throw this.#holdFailed(`systemd does not read ${path}`);
  }

  async #releaseBy(args: readonly string[], options: Signal): Promise<void> {
    const { exitCode, reason } = await this.#systemctl(args, options);
    if (exitCode === 0) return;
    const details = { service: this.description, reason, command: `systemctl ${args.join(' ')}` };
    throw new KeepsakeError('SERVICE_RELEASE_FAILED', details);
  }

  /** systemd refuses starts that follow each other too fast (StartLimitBurst=). */
  async #wasTooOften(options: Signal): Promise<boolean> {
    return (await this.#show(this.#unit, options)).get('Result') === 'start-limit-hit';
  }

  async #whatRuns(options: Signal): Promise<string> {
    const properties = await this.#show(this.#unit, options);
    const all = await processesOf(properties.get('ControlGroup') ?? '');
    if (all !== '') return all;
    const pid = properties.get('MainPID') ?? '0';
    return pid === '0' ? `the unit, ${activity(properties)}` : describeProcess(pid);
  }

  async #show(unit: string, options: Signal): Promise<Properties> {
    const args = ['show', '--no-pager', '-p', PROPERTIES, '--', unit];
    const { exitCode, stdout, reason } = await this.#systemctl(args, options);
    if (exitCode !== 0) {
      throw new KeepsakeError('SERVICE_NOT_ASKED', { service: this.description, reason });
    }
    return new Map(stdout.split('\n').map((line) => splitAtEqualsSign(line)));
  }

  #systemctl(args: readonly string[], options: AskOptions): Promise<ServiceAnswer> {
    return askManager(['systemctl', '--no-ask-password', ...args], this.#host, options);
  }

  #stopFailed(reason: string): KeepsakeError {
    return new KeepsakeError('SERVICE_STOP_FAILED', { service: this.description, reason });
  }

  #startFailed(reason: string): KeepsakeError {
    const look = `\`journalctl -u ${this.#unit} -n 50\``;
    return new KeepsakeError('SERVICE_START_FAILED', { service: this.description, reason, look });
  }

  #holdFailed(reason: string): KeepsakeError {
    return new KeepsakeError('SERVICE_HOLD_FAILED', { service: this.description, reason });
  }
}

function stateOf(properties: Properties): ServiceState {
  switch (properties.get('ActiveState')) {
    case 'active':
    case 'reloading':
    case 'refreshing':
    case 'activating':
    case 'deactivating':
      return 'running';
    case 'failed':
      return 'failed';
    case 'inactive':
      return properties.get('LoadState') === 'not-found' ? 'missing' : 'stopped';
    default:
      return 'unknown';
  }
}

function activity(properties: Properties): string {
  return `${properties.get('ActiveState')} (${properties.get('SubState')})`;
}

function words(value = ''): string[] {
  return value.split(' ').filter((word) => word !== '');
}

function splitAtEqualsSign(line: string): [string, string] {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

/** From a journal, so nothing is taken for granted. */
function heldUnit(held: JsonValue): HeldUnit {
  const { masked, triggers } = Object(held) as { masked?: JsonValue; triggers?: JsonValue };
  const names = Array.isArray(triggers) ? (triggers as readonly JsonValue[]) : [];
  return {
    masked: masked === true,
    triggers: names.filter((name): name is string => typeof name === 'string'),
  };
}
