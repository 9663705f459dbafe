import { expect, test } from 'vitest';
import type { ChangeJournal } from './change-journal.ts';
import { isRemovable, keptForCode } from './kept-files.ts';

const DAY_MS = 24 * 3_600_000;
const AT = '2026-01-01T00:00:00.000Z';

function journal(changes: Partial<ChangeJournal>): ChangeJournal {
  const fields = { app: { name: 'wishlist' }, ended: { as: 'done', at: AT } };
  const finalPoint = { kind: 'snapshot', id: 'ab' };
  return { ...fields, finalPoint, ...changes } as ChangeJournal;
}

function after(days: number): Date {
  return new Date(Date.parse(AT) + days * DAY_MS);
}

test('copies with code stay for 7 days, or until a later change of the app has ended well', () => {
  const update = journal({ whole: ['/srv/repo'] });
  expect(isRemovable(update, { kept: [update], now: after(6.9) })).toBe(false);
  expect(keptForCode(update, { kept: [update], now: after(1) })).toBe('2026-01-08T00:00:00.000Z');
  expect(isRemovable(update, { kept: [update], now: after(7) })).toBe(true);
  const later = journal({ ended: { as: 'done', at: after(1).toISOString() } });
  expect(isRemovable(update, { kept: [later, update], now: after(2) })).toBe(true);
  const failed = journal({ ended: { as: 'undone', at: after(1).toISOString() } });
  expect(isRemovable(update, { kept: [failed, update], now: after(2) })).toBe(false);
  expect(isRemovable(journal({}), { kept: [], now: after(0) })).toBe(true);
});

test('however old, nothing goes that is not whole in the repository', () => {
  const aside = journal({ whole: ['/srv/repo'], finalPoint: { kind: 'aside', why: 'gone' } });
  expect(isRemovable(aside, { kept: [aside], now: after(99) })).toBe(false);
});
