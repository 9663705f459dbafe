/** The lab's app beside what Keepsake has in its hands to stop, start and hold it. */
import { systemClock } from '../../../src/base/clock.ts';
import { openService } from '../../../src/host/open-service.ts';
import type { ServiceControl, ServiceHost } from '../../../src/host/service.ts';
import type { LabApp } from './lab-app.ts';
import { startLabApp, type LabAppOptions } from './start-lab-app.ts';

export interface ControlledApp extends AsyncDisposable {
  readonly app: LabApp;
  readonly host: ServiceHost;
  readonly service: ServiceControl;
}

export async function startControlledApp(options: LabAppOptions = {}): Promise<ControlledApp> {
  const app = await startLabApp(options);
  const host = { clock: systemClock, environment: app.env };
  const service = openService(app.service, host);
  return { app, host, service, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}
