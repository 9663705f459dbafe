import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

export const hostErrors = {
  HOST_PROGRAM_FAILED: entry<{ program: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ program, reason }) => `${program} could not be run: ${reason}`,
    hint: ({ program }) =>
      `Nothing was changed. Check that it is installed: \`command -v ${program}\``,
    example: { program: 'pass', reason: 'spawn pass ENOENT' },
  }),
  HOST_USER_UNKNOWN: entry<{ user: string }>({
    exit: ExitCode.usage,
    message: ({ user }) => `this machine has no user or group "${user}"`,
    hint: ({ user }) =>
      `Nothing was changed. Correct \`run-as\` and \`owner\` in keepsake.yaml, or make the user: \`useradd --system ${user.split(':')[0]}\``,
    example: { user: 'wishlist' },
  }),
  HOST_USER_DENIED: entry<{ user: string }>({
    exit: ExitCode.failed,
    message: ({ user }) => `only root may run programs as ${user}`,
    hint: () => 'Nothing was changed. Run Keepsake as root or as that user.',
    example: { user: 'wishlist' },
  }),
  HOST_ACCOUNT_NOT_MADE: entry<{ name: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ name, reason }) => `the user or group ${name} could not be made: ${reason}`,
    hint: ({ name }) =>
      `No account was made. Make it by hand (\`useradd --system ${name}\`), then give it the app's files with \`chown -Rh\`.`,
    example: { name: 'wishlist', reason: 'useradd: cannot lock /etc/passwd; try again later' },
  }),
  HOST_LIBC_UNAVAILABLE: entry<{ cause: string }>({
    exit: ExitCode.failed,
    message: ({ cause }) => `the C library of this system cannot be called: ${cause}`,
    hint: () =>
      'Nothing was changed. Install Keepsake again on this machine with `npm ci`, so that koffi brings the binary for this system.',
    example: { cause: 'Cannot find the native Koffi module; did you bundle it correctly?' },
  }),
};
