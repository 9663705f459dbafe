import { existsSync } from 'node:fs';
import type { HealthVerdict } from '../../src/host/health-probe.ts';
import type { ServiceControl } from '../../src/host/service.ts';
import type { Life } from './life.ts';

export const ILL: HealthVerdict = {
  kind: 'unhealthy',
  reason: 'status 500',
  means: 'ill',
  tries: 1,
};

/** What of a service stays when Keepsake dies. */
export class ServiceModel {
  isRunning = true;
  isHeld = false;
  #marker: string | undefined;
  readonly calls: string[] = [];

  control(life: Life): ServiceControl {
    const change = (name: string, work: () => void): Promise<void> =>
      life.around(async () => {
        this.calls.push(name);
        work();
      });
    return {
      description: 'service of the lab',
      state: async () => {
        life.check();
        return this.isRunning ? 'running' : 'stopped';
      },
      stop: () => change('stop', () => void (this.isRunning = false)),
      start: () => change('start', () => this.#start()),
      hold: async ({ record, lasting }) => {
        await record?.('token');
        this.#marker = lasting?.marker;
        await change('hold', () => void (this.isHeld = true));
        return 'token';
      },
      release: (held) =>
        change('release', () => {
          if (held !== 'token') throw new Error(`released with ${JSON.stringify(held)}`);
          this.isHeld = false;
        }),
    };
  }

  /** Nothing else that held it is there any more. */
  get startsWithMachine(): boolean {
    return this.#marker === undefined || !existsSync(this.#marker);
  }

  #start(): void {
    if (this.isHeld) throw new Error('it is held');
    this.isRunning = true;
  }
}
