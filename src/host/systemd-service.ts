/** A systemd unit. Sources: systemctl(1), systemd.unit(5) and systemd.service(5) of systemd 252. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { JsonValue } from '../base/json-value.ts';
import { describeProcess, processesOf } from './control-group.ts';
import type { HoldOptions, ServiceControl, ServiceHost, ServiceState } from './service.ts';
import { Systemctl, unitState, type UnitProperties } from './systemctl.ts';
import { SystemdHold } from './systemd-hold.ts';

type Signal = { signal?: AbortSignal | undefined };

/** Source: systemd.unit(5), "valid characters", and the types that can be stopped and started. */
const UNIT_NAME = /^[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]{0,239}$/;
const UNIT_TYPE = /\.(?:service|target|socket|timer|path|mount|slice|scope)$/;

export class SystemdService implements ServiceControl {
  readonly description: string;
  readonly #unit: string;
  readonly #systemctl: Systemctl;
  readonly #hold: SystemdHold;

  /** `name` may leave `.service` out, as for systemctl. */
  constructor(name: string, host: ServiceHost) {
    if (!UNIT_NAME.test(name)) {
      throw new KeepsakeError('SERVICE_NAME_INVALID', { kind: 'systemd unit', name });
    }
    this.#unit = UNIT_TYPE.test(name) ? name : `${name}.service`;
    this.#systemctl = new Systemctl(host);
    this.#hold = new SystemdHold(this.#unit, this.#systemctl);
    this.description = `systemd unit ${this.#unit}`;
  }

  state(options: Signal): Promise<ServiceState> {
    return this.#systemctl.state(this.#unit, options);
  }

  async stop({ limitMs, signal }: { limitMs: number } & Signal): Promise<void> {
    const answer = await this.#systemctl.run(['stop', this.#unit], { limitMs, signal });
    if (answer.timedOut) {
      const running = await this.#whatRuns({ signal });
      const details = { service: this.description, limitMs, running };
      throw new KeepsakeError('SERVICE_STOP_TIMEOUT', details);
    }
    if (answer.exitCode !== 0) throw this.#stopFailed(answer.reason);
    const after = await this.#systemctl.show(this.#unit, { signal });
    if (unitState(after) === 'running') {
      throw this.#stopFailed(`it is ${activity(after)} again; somebody else started it`);
    }
    // With KillMode=process or none systemd calls it stopped while processes of it go on.
    const left = await processesOf(after.get('ControlGroup') ?? '');
    if (left !== '') throw this.#stopFailed(`systemd calls it stopped, but there is still ${left}`);
  }

  async start({ limitMs, signal }: { limitMs: number } & Signal): Promise<void> {
    const start = ['start', this.#unit];
    let answer = await this.#systemctl.run(start, { limitMs, signal });
    if (answer.exitCode !== 0 && !answer.timedOut && (await this.#wasTooOften({ signal }))) {
      // It crashed again and again before: what was wrong with it may be mended now.
      await this.#systemctl.run(['reset-failed', this.#unit], { signal });
      answer = await this.#systemctl.run(start, { limitMs, signal });
    }
    if (answer.timedOut) {
      throw this.#startFailed(`it was not up after ${Math.round(limitMs / 1000)} s`);
    }
    if (answer.exitCode !== 0) throw this.#startFailed(answer.reason);
  }

  hold(options: HoldOptions): Promise<JsonValue> {
    return this.#hold.hold(options);
  }

  release(held: JsonValue, options: Signal): Promise<void> {
    return this.#hold.release(held, options);
  }

  /** systemd refuses starts that follow each other too fast (StartLimitBurst=). */
  async #wasTooOften(options: Signal): Promise<boolean> {
    const properties = await this.#systemctl.show(this.#unit, options);
    return properties.get('Result') === 'start-limit-hit';
  }

  async #whatRuns(options: Signal): Promise<string> {
    const properties = await this.#systemctl.show(this.#unit, options);
    const all = await processesOf(properties.get('ControlGroup') ?? '');
    if (all !== '') return all;
    const pid = properties.get('MainPID') ?? '0';
    return pid === '0' ? `the unit, ${activity(properties)}` : describeProcess(pid);
  }

  #stopFailed(reason: string): KeepsakeError {
    return new KeepsakeError('SERVICE_STOP_FAILED', { service: this.description, reason });
  }

  #startFailed(reason: string): KeepsakeError {
    const look = `\`journalctl -u ${this.#unit} -n 50\``;
    return new KeepsakeError('SERVICE_START_FAILED', { service: this.description, reason, look });
  }
}

function activity(properties: UnitProperties): string {
  return `${properties.get('ActiveState')} (${properties.get('SubState')})`;
}
