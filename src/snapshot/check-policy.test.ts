import { expect, test } from 'vitest';
import { carriedChecks, isCheckDue, mayStayUnread, wasChecked } from './check-policy.ts';
import type { ManifestDatabase } from './manifest.ts';

const LARGE = 33 << 20;
const now = new Date('2026-06-10T12:00:00Z');

function known(changes: Partial<ManifestDatabase> = {}): ManifestDatabase {
  return {
    path: '/app.db',
    configured: true,
    pageSize: 4096,
    pageCount: LARGE / 4096,
    sizeBytes: LARGE,
    journalMode: 'wal',
    encoding: 'UTF-8',
    autoVacuum: 'none',
    userVersion: 0,
    applicationId: 0,
    schemaHash: 'a',
    tables: [],
    integrity: { result: 'ok', check: 'quick_check', problems: [], uncheckedTables: ['odd'] },
    foreignKeyViolations: 2,
    foreignKeysUnchecked: [],
    chunkSizeBytes: 8192,
    capturedAt: '2026-06-10T11:00:00.000Z',
    captureMethod: 'raw',
    readLockMs: 1,
    ...changes,
  };
}

const same = { sizeBytes: LARGE, pageSize: 4096, schemaHash: 'a' };
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000).toISOString();

test.each([
  [undefined, 1, false],
  [undefined, 19, false],
  [undefined, 21, true],
  ['daily', 24, true],
  ['weekly', 24, false],
  ['weekly', 165, true],
  ['always', 0, true],
  // A clock that was set back.
  ['weekly', -1, true],
] as const)('with %s a check %i hours ago makes one due: %s', (policy, hours, due) => {
  const at = hoursAgo(hours);
  for (const times of [{ capturedAt: at }, { checkedAt: at }]) {
    expect(isCheckDue(same, { policy, known: known(times), now })).toBe(due);
  }
});

test('a check is due of a small database, a new one, a damaged one, another one', () => {
  const question = { policy: 'weekly', known: known(), now } as const;
  expect(isCheckDue(same, question)).toBe(false);
  expect(isCheckDue({ ...same, sizeBytes: 32 << 20 }, question)).toBe(true);
  expect(isCheckDue({ ...same, pageSize: 8192 }, question)).toBe(true);
  expect(isCheckDue({ ...same, schemaHash: 'b' }, question)).toBe(true);
  expect(isCheckDue(same, { ...question, known: undefined })).toBe(true);
  const integrity = { ...known().integrity, result: 'damaged' } as const;
  expect(isCheckDue(same, { ...question, known: known({ integrity }) })).toBe(true);
  expect(isCheckDue(same, { ...question, known: known({ checkedAt: 'never' }) })).toBe(true);
});

test('what was carried over says so, and when it was found', () => {
  const once = known(carriedChecks(known()));
  expect(once).toMatchObject({
    integrity: { result: 'ok', check: 'changed_pages', uncheckedTables: ['odd'] },
    foreignKeyViolations: 2,
    checkedAt: '2026-06-10T11:00:00.000Z',
  });
  expect([wasChecked(known()), wasChecked(once)]).toEqual([true, false]);
  const later = known({ ...once, capturedAt: '2026-06-10T11:30:00.000Z' });
  expect(carriedChecks(later).checkedAt).toBe('2026-06-10T11:00:00.000Z');
});

test('a database may stay unread while what the snapshot holds was checked, or its last check is young', () => {
  const old = { checkedAt: hoursAgo(30) };
  const carried = carriedChecks(known(old));
  expect(mayStayUnread(known(old), { policy: 'daily', now })).toBe(true);
  expect(mayStayUnread(known(carried), { policy: 'daily', now })).toBe(false);
  expect(mayStayUnread(known(carried), { policy: 'weekly', now })).toBe(true);
  expect(mayStayUnread(known(old), { policy: 'always', now })).toBe(false);
  const integrity = { ...known().integrity, result: 'damaged' } as const;
  expect(mayStayUnread(known({ integrity }), { policy: 'weekly', now })).toBe(false);
});
