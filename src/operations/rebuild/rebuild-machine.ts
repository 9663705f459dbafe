/** What a rebuild needs of the machine. Tests put their own in the place of each part. */
import { hostname } from 'node:os';
import { isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import { accountMaker, type AccountMaker } from '../../host/make-accounts.ts';
import { Systemctl } from '../../host/systemctl.ts';
import {
  thisMachine,
  type ChangeMachine,
  type MachineOptions,
} from '../in-place/change-machine.ts';

export interface RebuildMachine extends Pick<
  ChangeMachine,
  'stateFolder' | 'files' | 'attributes' | 'mountPoints' | 'syncFileSystem'
> {
  readonly isRoot: boolean;
  readonly hostname: string;
  readonly accounts: AccountMaker;
  /** Has systemd read its unit files again. Gives why that could not be. */
  readonly reloadUnits: (signal?: AbortSignal) => Promise<string | undefined>;
}

export function rebuildMachine(options: MachineOptions): RebuildMachine {
  const systemctl = new Systemctl(options);
  return {
    ...thisMachine(options),
    isRoot: process.geteuid?.() === 0,
    hostname: hostname(),
    accounts: accountMaker(options),
    async reloadUnits(signal) {
      try {
        const { exitCode, reason } = await systemctl.run(['daemon-reload'], { signal });
        return exitCode === 0 ? undefined : reason;
      } catch (error) {
        if (!isKeepsakeError(error, 'HOST_PROGRAM_FAILED')) throw error;
        return error.message;
      }
    },
  };
}
