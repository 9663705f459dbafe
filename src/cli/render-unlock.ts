import type { DescribedLock, UnlockResult } from '../operations/unlock.ts';
import type { UnlockReason } from '../repository/stored-locks.ts';
import { showName, type Output } from './output.ts';
import { count } from './phrases.ts';

const REASONS: Record<UnlockReason, string> = {
  old: 'nobody refreshed it for more than 30 minutes',
  dead: 'its process is gone',
  asked: 'all were to go',
  'in-use': 'in use',
  unreadable: 'cannot be read; --remove-all removes it',
};

export function renderUnlock(
  output: Output,
  { removed, kept }: UnlockResult,
  dryRun: boolean,
): void {
  for (const lock of removed) {
    output.print(lockLine(dryRun ? 'would remove' : 'removed', lock));
    output.emit(lockMessage('lock_removed', lock));
  }
  for (const lock of kept) {
    output.print(lockLine('kept', lock));
    output.emit(lockMessage('lock_kept', lock));
  }
  output.emit({
    message_type: 'summary',
    locks_removed: removed.length,
    locks_kept: kept.length,
    dry_run: dryRun,
  });
  output.say(closingLine(removed.length, kept.length, dryRun));
}

function lockLine(what: string, lock: DescribedLock): string {
  const { name, holder, age, reason } = lock;
  const kind = lock.lock?.exclusive === true ? 'exclusive lock' : 'lock';
  const held = lock.lock === undefined ? '' : ` of ${showName(holder)}, ${age}`;
  return `${what} ${kind} ${name.slice(0, 8)}${held}: ${REASONS[reason]}`;
}

function lockMessage(type: string, { name, lock, problem, reason }: DescribedLock): object {
  return {
    message_type: type,
    id: name,
    reason,
    ...(lock === undefined
      ? { error: problem }
      : {
          time: lock.time,
          exclusive: lock.exclusive,
          hostname: lock.hostname,
          username: lock.username,
          pid: lock.pid,
        }),
  };
}

function closingLine(removed: number, kept: number, dryRun: boolean): string {
  if (removed + kept === 0) return 'there is no lock';
  const verb = dryRun ? 'would be removed' : 'removed';
  return `${count(removed, 'lock')} ${verb}, ${kept} kept`;
}
