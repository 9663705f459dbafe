import type { Backend } from '../backend/backend.ts';
import type { Clock, Random } from '../base/clock.ts';
import type { ProcessFacts } from '../repository/lock-holder.ts';
import type { Gate } from '../sqlite/gate.ts';

/** What every operation is given of the outside world; composed in `main.ts`. */
export interface Workbench {
  readonly clock: Clock;
  readonly random: Random;
  readonly self: ProcessFacts;
  readonly keepsakeVersion: string;
  /** Opens the storage a person named by path or URL; wrappers (retry, limits) included. */
  readonly openBackend: (location: string) => Backend;
  /** Where large temporary files go: never a RAM disk by default. */
  readonly scratchFolder: string;
  /** For backups one after the other; else each starts one. */
  readonly gate?: Gate | undefined;
  /** Slower, in less memory. */
  readonly lowMemory?: boolean | undefined;
  /** For what a person should know although the command goes on. */
  readonly warn: (message: string) => void;
}

/** Which repository, and how to get in. */
export interface RepositoryChoice {
  readonly location: string;
  readonly password: string;
  /** Beginning of the name of the key to try first. */
  readonly keyHint?: string | undefined;
  /** Absent: no local cache. */
  readonly cacheFolder?: string | undefined;
}
