import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

/** `service` is the `description` of a service, such as "systemd unit wishlist.service". */
export const serviceErrors = {
  SERVICE_NAME_INVALID: entry<{ kind: string; name: string }>({
    exit: ExitCode.usage,
    message: ({ kind, name }) => `"${name}" is no name of a ${kind}`,
    hint: () => 'Nothing was changed. Correct `service` of the app in keepsake.yaml.',
    example: { kind: 'systemd unit', name: '--all' },
  }),
  SERVICE_NOT_ASKED: entry<{ service: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ service, reason }) => `the state of ${service} cannot be told: ${reason}`,
    hint: () =>
      'The service was left as it is. Run Keepsake as root on the machine (or in the container) where the app runs.',
    example: {
      service: 'systemd unit wishlist.service',
      reason: 'Failed to connect to bus: Host is down',
    },
  }),
  SERVICE_STOP_FAILED: entry<{ service: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ service, reason }) => `${service} could not be stopped: ${reason}`,
    hint: () =>
      'The app may still be running. Nothing may be put in its place until it is stopped: stop it by hand, then type the command again.',
    example: {
      service: 'systemd unit wishlist.service',
      reason: 'Failed to stop wishlist.service: Access denied',
    },
  }),
  SERVICE_STOP_TIMEOUT: entry<{ service: string; limitMs: number; running: string }>({
    exit: ExitCode.failed,
    message: ({ service, limitMs, running }) =>
      `${service} did not stop within ${Math.round(limitMs / 1000)} s; still there: ${running}`,
    hint: () =>
      'The app may still be running, or stop a little later. Close what keeps it (an open page in a browser keeps Wishlist for 30 s), then type the command again.',
    example: {
      service: 'systemd unit wishlist.service',
      limitMs: 60_000,
      running: 'process 1234 (node)',
    },
  }),
  SERVICE_START_FAILED: entry<{ service: string; reason: string; look: string }>({
    exit: ExitCode.failed,
    message: ({ service, reason }) => `${service} could not be started: ${reason}`,
    hint: ({ look }) => `The app is not running. Why it did not start: ${look}`,
    example: {
      service: 'systemd unit wishlist.service',
      reason: 'Job for wishlist.service failed because the control process exited with error code',
      look: '`journalctl -u wishlist.service -n 50`',
    },
  }),
  SERVICE_HOLD_FAILED: entry<{ service: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ service, reason }) => `${service} could not be kept from starting: ${reason}`,
    hint: () =>
      'Anything may start the app while its files are replaced, so they must not be. Run Keepsake as root.',
    example: {
      service: 'systemd unit wishlist.service',
      reason: 'Failed to mask unit: Access denied',
    },
  }),
  SERVICE_RELEASE_FAILED: entry<{ service: string; reason: string; command: string }>({
    exit: ExitCode.failed,
    message: ({ service, reason }) => `${service} is still kept from starting: ${reason}`,
    hint: ({ command }) => `The app's files are whole. Let it start again with \`${command}\``,
    example: {
      service: 'systemd unit wishlist.service',
      reason: 'Failed to unmask unit: Access denied',
      command: 'systemctl unmask --runtime wishlist.service',
    },
  }),
};
