/** A disk that fills up while a change in place is under way. */
import { systemError } from './durable-file-layer.ts';
import type { FileLayerCall } from './intercepted-file-layer.ts';

/** What asks a file system for room; a name may need a new block of its folder. */
export const TAKES_ROOM: readonly string[] = [
  'createFile',
  'write',
  'makeFolder',
  'rename',
  'link',
];
const RESERVE = /\/reserve$/;

/**
 * Full from its n-th call on, until a change's reserve is given up; the room of that comes back only
 * when `late` calls more were refused.
 */
export class FillingDisk {
  calls = 0;
  readonly #at: number;
  readonly #late: number;
  /** So many calls more are refused. */
  #refusals = 0;

  constructor(at: number, { late = 0 } = {}) {
    this.#at = at;
    this.#late = late;
  }

  readonly intercept = ({ name, path }: FileLayerCall): void => {
    if (name === 'unlink' && RESERVE.test(path)) {
      this.#refusals = Math.min(this.#refusals, this.#late);
    }
    if (!TAKES_ROOM.includes(name)) return;
    this.calls += 1;
    if (this.calls === this.#at) this.#refusals = Number.POSITIVE_INFINITY;
    if (this.#refusals === 0) return;
    this.#refusals -= 1;
    throw systemError('ENOSPC', path);
  };
}
