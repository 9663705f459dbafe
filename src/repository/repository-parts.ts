/** What an open repository is made of. */
import type { Backend } from '../backend/backend.ts';
import type { Clock, Random } from '../base/clock.ts';
import type { RepositoryConfig } from '../format/config-file.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { IndexCopies } from './index-copies.ts';
import type { ProcessFacts } from './lock-holder.ts';

export interface RepositoryParts {
  readonly backend: Backend;
  readonly config: RepositoryConfig;
  readonly master: MasterKey;
  readonly keyId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: ProcessFacts;
  /** Of those who have a cache. */
  readonly indexCopies?: IndexCopies | undefined;
  /** One thread, one upload at a time and small packs. */
  readonly lowMemory?: boolean | undefined;
}
