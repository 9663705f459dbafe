/** What a rebuild needs of the machine. Tests put their own in the place of each part. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import { accountMaker, type AccountMaker } from '../../host/make-accounts.ts';
import { Systemctl } from '../../host/systemctl.ts';
import {
  thisMachine,
  type ChangeMachine,
  type MachineOptions,
} from '../in-place/change-machine.ts';

/** `absent`: systemd does not run here, as in a container or a chroot. */
export type UnitReload =
  { readonly state: 'done' | 'absent' } | { readonly state: 'failed'; readonly why: string };

/** Source: sd_booted(3). */
const BOOTED_BY_SYSTEMD = '/run/systemd/system';

export interface RebuildMachine extends Pick<
  ChangeMachine,
  'stateFolder' | 'files' | 'attributes' | 'mountPoints' | 'syncFileSystem'
> {
  readonly isRoot: boolean;
  readonly hostname: string;
  readonly accounts: AccountMaker;
  /** Has systemd read its unit files again. */
  readonly reloadUnits: () => Promise<UnitReload>;
}

export function rebuildMachine(options: MachineOptions): RebuildMachine {
  const systemctl = new Systemctl(options);
  return {
    ...thisMachine(options),
    isRoot: process.geteuid?.() === 0,
    hostname: hostname(),
    accounts: accountMaker(options),
    async reloadUnits() {
      try {
        const { exitCode, reason } = await systemctl.run(['daemon-reload'], {});
        return exitCode === 0 ? { state: 'done' } : notReloaded(reason);
      } catch (error) {
        if (!isKeepsakeError(error, 'HOST_PROGRAM_FAILED')) throw error;
        return notReloaded(error.message);
      }
    },
  };
}

function notReloaded(why: string): UnitReload {
  return existsSync(BOOTED_BY_SYSTEMD) ? { state: 'failed', why } : { state: 'absent' };
}
