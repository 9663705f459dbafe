import type { ResolvedApp } from '../../src/config/resolve-app.ts';
import { newJournal, type ChangeJournal } from '../../src/operations/in-place/change-journal.ts';

/** Of a restore of the whole app that begins now. */
export function plainJournal(where: Pick<ChangeJournal, 'places' | 'roots'>): ChangeJournal {
  return newJournal({
    id: '00000001',
    kind: 'restore',
    part: 'all',
    app: { name: 'wishlist' } as ResolvedApp,
    source: { kind: 'snapshot', id: 'ab'.repeat(32), time: '2026-01-02T03:04:05Z' },
    startedAt: '2026-01-02T03:04:05Z',
    keepsakeVersion: '0.0.0',
    databases: [],
    own: [],
    ...where,
  });
}
