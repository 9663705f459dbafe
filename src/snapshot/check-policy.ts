/** When SQLite checks all of a captured database, which takes longer than storing what changed. */
import type { DatabaseChecks, DatabaseContents } from '../sqlite/database-facts.ts';
import type { ManifestDatabase } from './manifest.ts';

/**
 * `always`: at every backup, even if nothing was committed since. `daily`, `weekly`: where the last
 * check is so old.
 */
export type CheckPolicy = 'always' | 'daily' | 'weekly';

const HOUR_MS = 60 * 60_000;

/** A timer's nightly runs are not exactly a day apart. */
const MOST_AGE_MS: Readonly<Record<Exclude<CheckPolicy, 'always'>, number>> = {
  daily: 20 * HOUR_MS,
  weekly: (7 * 24 - 4) * HOUR_MS,
};

/** Checked in less than 0.1 s. */
const SMALL_BYTES = 32 << 20;

export interface CheckQuestion {
  readonly policy: CheckPolicy | undefined;
  /** What the parent's manifest says. */
  readonly known: ManifestDatabase | undefined;
  readonly now: Date;
}

/** `contents`: of this capture. A check is due wherever anything at all is not as it was. */
export function isCheckDue(
  contents: Pick<DatabaseContents, 'sizeBytes' | 'pageSize' | 'schemaHash'>,
  question: CheckQuestion,
): boolean {
  const { known } = question;
  if (known === undefined || contents.sizeBytes <= SMALL_BYTES) return true;
  if (contents.pageSize !== known.pageSize || contents.schemaHash !== known.schemaHash) return true;
  return isCheckOld(known, question);
}

function isCheckOld(
  { integrity, checkedAt, capturedAt }: ManifestDatabase,
  { policy = 'daily', now }: CheckQuestion,
): boolean {
  if (policy === 'always' || integrity.result !== 'ok') return true;
  const ageMs = now.getTime() - Date.parse(checkedAt ?? capturedAt);
  // A clock that was set back, or no such time, proves nothing either.
  return !(ageMs >= 0 && ageMs < MOST_AGE_MS[policy]);
}

/** Whether a snapshot may be given a database that was not read again, as far as checks go. */
export function mayStayUnread(
  known: ManifestDatabase,
  { policy, now }: Omit<CheckQuestion, 'known'>,
): boolean {
  if (policy === 'always' || known.integrity.result !== 'ok') return false;
  return wasChecked(known) || !isCheckOld(known, { policy, known, now });
}

/** Whether SQLite checked what the snapshot holds, as opposed to an earlier capture. */
export function wasChecked({ integrity }: Pick<DatabaseChecks, 'integrity'>): boolean {
  return integrity.check !== 'changed_pages';
}

/** What is known when only the pages that are new were looked at. */
export function carriedChecks(known: ManifestDatabase): DatabaseChecks & { checkedAt: string } {
  const { integrity, foreignKeyViolations, foreignKeysUnchecked } = known;
  return {
    integrity: { ...integrity, check: 'changed_pages' },
    foreignKeyViolations,
    foreignKeysUnchecked,
    checkedAt: known.checkedAt ?? known.capturedAt,
  };
}
