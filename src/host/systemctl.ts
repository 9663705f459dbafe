/** Asks systemd, through `systemctl`. Source: systemctl(1) of systemd 252. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { askManager, type AskOptions, type ServiceAnswer } from './service-program.ts';
import type { ServiceHost, ServiceState } from './service.ts';

/** As `ActiveState` → `inactive`. */
export type UnitProperties = ReadonlyMap<string, string>;

const PROPERTIES =
  'LoadState,ActiveState,SubState,Result,MainPID,ControlGroup,TriggeredBy,FragmentPath,DropInPaths';

export class Systemctl {
  readonly #host: ServiceHost;

  constructor(host: ServiceHost) {
    this.#host = host;
  }

  /** @throws HOST_PROGRAM_FAILED */
  run(args: readonly string[], options: AskOptions): Promise<ServiceAnswer> {
    return askManager(['systemctl', '--no-ask-password', ...args], this.#host, options);
  }

  /** Of a unit that does not exist, too. @throws SERVICE_NOT_ASKED */
  async show(unit: string, options: AskOptions): Promise<UnitProperties> {
    const args = ['show', '--no-pager', '-p', PROPERTIES, '--', unit];
    const { exitCode, stdout, reason } = await this.run(args, options);
    if (exitCode !== 0) {
      throw new KeepsakeError('SERVICE_NOT_ASKED', { service: `systemd unit ${unit}`, reason });
    }
    return new Map(stdout.split('\n').map((line) => splitAtEqualsSign(line)));
  }

  async state(unit: string, options: AskOptions): Promise<ServiceState> {
    return unitState(await this.show(unit, options));
  }

  /** Where unit files are looked for, the folder that wins first. Empty when systemd does not say. */
  async unitPath(options: AskOptions): Promise<string[]> {
    const { stdout } = await this.run(['show', '--no-pager', '-p', 'UnitPath'], options);
    return unitWords(stdout.replace(/^UnitPath=/, '').trim());
  }
}

export function unitState(properties: UnitProperties): ServiceState {
  switch (properties.get('ActiveState') ?? '') {
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

/** A property that lists names. */
export function unitWords(value = ''): string[] {
  return value.split(' ').filter((word) => word !== '');
}

function splitAtEqualsSign(line: string): [string, string] {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}
