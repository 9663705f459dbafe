/** `backup`: captures a live app or plain paths into a snapshot. */
import { returnLargeMemory } from '../host/process-memory.ts';
import type { BackupEvent, BackupInput, BackupResult } from './backup-input.ts';
import { withEvents, type Emitter } from './event-channel.ts';
import { openSession } from './open-session.ts';
import type { Workbench } from './workbench.ts';

export function backup(
  workbench: Workbench,
  input: BackupInput,
): AsyncGenerator<BackupEvent, BackupResult> {
  return withEvents((emitter) => openAndRun(workbench, input, emitter));
}

async function openAndRun(
  workbench: Workbench,
  input: BackupInput,
  emitter: Emitter<BackupEvent>,
): Promise<BackupResult> {
  const startedAt = workbench.clock.now();
  const deriving = Promise.withResolvers<void>();
  const opening = openSession(workbench, input.repository, {
    lock: input.dryRun ? 'none' : 'shared',
    lockWaitMs: input.lockWaitMs,
    signal: input.signal,
    onLockWait: (error) => emitter.emit({ type: 'lock-wait', error }),
    onDeriving: () => deriving.resolve(),
  });
  // While other threads derive the key, the rest is loaded and the walk looks ahead.
  const [session, { runBackup, start }] = await both(
    opening,
    Promise.race([deriving.promise, opening]).then(async () => {
      const [{ runBackup }, { startWalk }] = await Promise.all([
        import('./run-backup.ts'),
        import('./walk-start.ts'),
      ]);
      returnLargeMemory(); // here, because to load what it needs takes a while
      return { runBackup, start: startWalk(workbench, input, opening) };
    }),
  );
  await using _session = session;
  // Awaited here: a session given back before the end would take the lock away.
  return await runBackup(workbench, input, {
    repository: session.repository,
    startedAt,
    emitter,
    start,
  });
}

/** Gives the session back when the other fails. */
async function both<S extends AsyncDisposable, T>(
  opening: Promise<S>,
  other: Promise<T>,
): Promise<[S, T]> {
  other.catch(() => {}); // told below, once the session is there to be given back
  await using stack = new AsyncDisposableStack();
  const session = stack.use(await opening);
  const result = await other;
  stack.move();
  return [session, result];
}
