import { constants, openSync } from 'node:fs';
import { fsPath } from '../base/raw-name.ts';
import { errnoCode } from '../host/system-call-error.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOATIME } = constants;

// Whatever took the file's place since it was looked at: a link is not followed (ELOOP), a FIFO
// does not wait for its writer.
const SAFELY = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** Opens a file so that the reading leaves no trace in its access time where that is permitted. */
export function openForReading(path: string): number {
  try {
    return openSync(fsPath(path), SAFELY | O_NOATIME);
  } catch (error) {
    // Only the owner and root may read without a trace (open(2), O_NOATIME).
    if (errnoCode(error) !== 'EPERM') throw error;
    return openSync(fsPath(path), SAFELY);
  }
}
