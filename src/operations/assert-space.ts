import { KeepsakeError } from '../base/errors/keepsake-error.ts';

interface Room {
  readonly path: string;
  readonly neededBytes: number;
  readonly freeBytes: number;
}

type NoSpace = 'CHANGE_NO_SPACE' | 'REBUILD_NO_SPACE' | 'VERIFY_NO_SPACE';

/** Throws `code` of the first of `places` that is too small for what comes there. */
export function assertSpace(places: readonly Room[], code: NoSpace): void {
  for (const { path: folder, neededBytes, freeBytes } of places) {
    if (freeBytes >= neededBytes) continue;
    throw new KeepsakeError(code, { folder, neededBytes, freeBytes });
  }
}
