import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { CommandService } from './command-service.ts';
import { DockerService } from './docker-service.ts';
import type { ServiceConfig, ServiceControl, ServiceHost } from './service.ts';
import { SystemdService } from './systemd-service.ts';

/** Looks at nothing yet. @throws SERVICE_NAME_INVALID */
export function openService(
  { systemd, docker, commands }: ServiceConfig,
  host: ServiceHost,
): ServiceControl {
  if (systemd !== undefined) return new SystemdService(systemd, host);
  if (docker !== undefined) return new DockerService(docker, host);
  if (commands !== undefined) return new CommandService(commands, host);
  throw new KeepsakeError('SERVICE_NAME_INVALID', { kind: 'service', name: '' });
}
