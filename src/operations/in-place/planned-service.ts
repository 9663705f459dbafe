/** What every plan of a change says of the machine: the service, and the room there is. */
import { dirname } from 'node:path';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { freeSpace } from '../../host/file-system.ts';
import type { ChangeMachine } from './change-machine.ts';
import { knownState } from './change-service.ts';
import type { InPlacePlan } from './in-place-input.ts';

/** For the file system's own needs. */
export const SPARE_BYTES = 4 << 20;

/** Throws `CHANGE_SERVICE_UNFIT`. */
export async function plannedService(
  machine: Pick<ChangeMachine, 'openService'>,
  app: ResolvedApp,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<InPlacePlan['service']> {
  const control = machine.openService(app);
  if (control === undefined) return undefined;
  const state = knownState(await control.state({ signal }), { control, service: app.service });
  return { description: control.description, state };
}

/** Of a folder that is to be made. */
export async function freeSpaceNear(path: string): Promise<number> {
  try {
    return await freeSpace(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? 0 : freeSpaceNear(parent);
  }
}
