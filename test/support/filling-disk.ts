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

/** Full from its n-th call on, until a change's reserve is given up. */
export class FillingDisk {
  calls = 0;
  readonly #at: number;
  #hasRoom = true;

  constructor(at: number) {
    this.#at = at;
  }

  readonly intercept = ({ name, path }: FileLayerCall): void => {
    if (name === 'unlink' && RESERVE.test(path)) this.#hasRoom = true;
    if (!TAKES_ROOM.includes(name)) return;
    this.calls += 1;
    if (this.calls === this.#at) this.#hasRoom = false;
    if (!this.#hasRoom) throw systemError('ENOSPC', path);
  };
}
