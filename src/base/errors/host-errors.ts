import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

export const hostErrors = {
  HOST_LIBC_UNAVAILABLE: entry<{ cause: string }>({
    exit: ExitCode.failed,
    message: ({ cause }) => `the C library of this system cannot be called: ${cause}`,
    hint: () =>
      'Nothing was changed. Install Keepsake again on this machine with `npm ci`, so that koffi brings the binary for this system.',
    example: { cause: 'Cannot find the native Koffi module; did you bundle it correctly?' },
  }),
};
