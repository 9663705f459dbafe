/** Opens the repository of a command, locked as it needs, and gives all back when disposed. */
import { asReadOnly } from '../backend/read-only-backend.ts';
import { describeCause, type KeepsakeError } from '../base/errors/keepsake-error.ts';
import { runSelfTest } from '../format/self-test.ts';
import { openRepository } from '../repository/open-repository.ts';
import type { Repository } from '../repository/repository.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

export interface SessionOptions {
  /** `none` for commands that only read, as restic's `--no-lock`; `bypass` for `unlock` alone. */
  readonly lock: 'shared' | 'exclusive' | 'none' | 'bypass';
  readonly lockWaitMs: number;
  readonly onLockWait?: ((error: KeepsakeError) => void) | undefined;
  /** Told when other threads have begun to derive the key, and this one has nothing to do. */
  readonly onDeriving?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Session extends AsyncDisposable {
  readonly repository: Repository;
}

/** Throws what `openRepository` and `acquireLock` throw; nothing stays open or locked then. */
export async function openSession(
  workbench: Workbench,
  choice: RepositoryChoice,
  options: SessionOptions,
): Promise<Session> {
  const { clock, random, self, lowMemory } = workbench;
  await using stack = new AsyncDisposableStack();
  const store = stack.use(workbench.openBackend(choice.location));
  // Without a lock nothing may be written, whatever the code above does.
  const backend = options.lock === 'none' ? asReadOnly(store) : store;
  const { cacheFolder } = choice;
  const onCacheFailure = (error: unknown): void => {
    workbench.warn(`the local cache cannot be written (${describeCause(error)}); going on without`);
  };
  const access = { backend, clock, random, self, cacheFolder, onCacheFailure, lowMemory };
  const { signal, lockWaitMs: waitMs, onLockWait: onWait } = options;
  const deriving = Promise.withResolvers<void>();
  const opening = openRepository(access, choice.password, {
    signal,
    keyHint: choice.keyHint,
    onDeriving: () => deriving.resolve(),
  });
  await Promise.race([deriving.promise, opening]);
  options.onDeriving?.();
  runSelfTest();
  const repository = await opening;
  if (options.lock === 'shared' || options.lock === 'exclusive') {
    const exclusive = options.lock === 'exclusive';
    stack.use(await repository.lock({ exclusive, waitMs, signal, onWait }));
  }
  const held = stack.move();
  return { repository, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
